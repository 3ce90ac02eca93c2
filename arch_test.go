package halle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layout is the order in which data flows: a business package imports only packages above it. When a real flow does
// not fit, the order is wrong: change it here and in ARCHITECTURE.md, not the rule.
var layout = []string{
	"money", "price", "tax", "access", "proof", "trace", "party", "signin", "residency", "catalog", "order",
	"placement", "network", "provision", "subscription", "copies", "device", "workspace", "meter", "care", "rating", "billing",
	"settlement", "privacy", "exit",
}

// edges talk to the world: people, programs, engines. "test" is the browser journey.
var edges = []string{"driver", "app", "api", "web", "client", "cli", "cmd", "bench", "test"}

// pure packages are computed the same everywhere, by a customer without a database too.
var pure = []string{"money", "price", "tax", "access", "proof"}

// keepers of state are the packages of internal that pure packages and clients must not know.
var keepers = []string{"internal/store", "internal/job", "internal/keys"}

// doubles are the drivers and helpers that exist for tests.
var doubles = []string{"driver/drivertest", "driver/memory"}

// area is the part of the tree that a package belongs to: its first folder, or the first two below driver, app and
// internal, whose folders are independent of each other.
func area(pkg string) string {
	parts := strings.Split(pkg, "/")
	if slices.Contains([]string{"driver", "app", "internal"}, parts[0]) && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func kind(pkg string) string {
	first, _, _ := strings.Cut(pkg, "/")
	switch {
	case first == "", first == "internal":
		return first
	case slices.Contains(layout, first):
		return "business"
	case slices.Contains(edges, first):
		return first
	}
	return "unknown"
}

// refusal says why package from may not import package to, "" when it may. test is for imports in _test.go files,
// which may use test doubles and a database.
func refusal(from, to string, test bool) string {
	switch {
	case kind(from) == "unknown":
		return fmt.Sprintf("the folder %s is in no list: add it to layout or edges in arch_test.go, at the place where its data flows", area(from))
	case kind(to) == "unknown":
		return fmt.Sprintf("the folder %s is in no list: add it to layout or edges in arch_test.go, at the place where its data flows", area(to))
	case area(from) == area(to):
		return ""
	case slices.Contains([]string{"", "cmd", "bench", "test"}, kind(to)):
		return "nobody imports a command or a test: move what is shared into a package with a name"
	case kind(to) == "internal":
		return refusalInternal(from, to, test)
	}
	switch kind(from) {
	case "cmd", "bench":
		return ""
	case "":
		return "the root package is the map of the module and imports nothing of it"
	case "internal":
		return "internal is plumbing without business words: it imports no business package and no edge"
	case "business":
		return refusalBusiness(from, to, test)
	case "driver":
		return refusalDriver(to, test)
	}
	if test && slices.Contains(doubles, area(to)) {
		return "" // tests of edges too need something that runs
	}
	return refusalEdge(from, to)
}

func refusalInternal(from, to string, test bool) string {
	keeper := slices.Contains(keepers, area(to))
	switch kind(from) {
	case "business":
		if keeper && !test && slices.Contains(pure, area(from)) {
			return area(from) + " is pure, so that quotes, invoices and a customer's offline check compute the same: it knows no database and no keys"
		}
	case "api", "web":
		if area(to) == "internal/store" && !test {
			return "api and web call business packages and never the database: authorisation and tenant scope live in the use cases"
		}
	case "client":
		if keeper {
			return "client runs on the customer's machine: it knows no database and no keys of the installation"
		}
	case "cli":
		if !test && !slices.Contains([]string{"internal/fail", "internal/config"}, area(to)) {
			return "cli knows only client, proof, internal/fail and internal/config: whatever it does, any program can do through the API"
		}
	}
	return ""
}

func refusalBusiness(from, to string, test bool) string {
	if kind(to) != "business" {
		if test && slices.Contains(doubles, area(to)) {
			return ""
		}
		return "edges call the business, never the other way round: take an interface or a value, and let cmd wire it"
	}
	if slices.Index(layout, area(from)) > slices.Index(layout, area(to)) {
		return ""
	}
	return fmt.Sprintf("data flows down the list and %s stands below %s: %s reads no fact of %s; let %s call a command of %s in its own transaction",
		area(to), area(from), area(from), area(to), area(to), area(from))
}

func refusalDriver(to string, test bool) string {
	switch {
	case to == "provision", to == "network":
		return ""
	case test && slices.Contains(doubles, area(to)):
		return ""
	case kind(to) == "driver":
		return "drivers do not know each other: what they share is the contract in provision"
	}
	return "a driver imports provision and network only, so that anybody can write one against a small contract"
}

func refusalEdge(from, to string) string {
	switch kind(from) {
	case "app":
		if kind(to) == "client" {
			return ""
		}
		return "an application of ours speaks to Halle over the wire, as any publisher's would: it imports no business package and no other application"
	case "api", "web":
		if kind(to) == "business" {
			return ""
		}
		return "api and web call business packages, never each other nor another edge: only cmd wires edges"
	case "client":
		if to == "proof" {
			return ""
		}
		return "client knows the API and the formats of proof, nothing of the business behind it"
	case "cli":
		if kind(to) == "client" || to == "proof" {
			return ""
		}
		return "cli knows only client and proof: whatever it does, any program can do through the API"
	}
	return "the browser journey drives the built program from outside: it imports no package of it"
}

func TestAPackageImportsOnlyPackagesAboveIt(t *testing.T) {
	for _, s := range sources(t) {
		if why := refusal(s.pkg(), s.pkg(), s.test()); why != "" {
			t.Errorf("%s: %s", s.path, why)
			continue
		}
		for _, imported := range s.imports() {
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			if why := refusal(s.pkg(), to, s.test()); why != "" {
				t.Errorf("%s imports %s: %s", s.path, to, why)
			}
		}
	}
}

// sqlUsers may touch database/sql and the two drivers.
var sqlUsers = []string{"internal/store", "internal/job"}

func TestOnlyTheStoreSpeaksSQLDrivers(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || slices.Contains(sqlUsers, area(s.pkg())) {
			continue
		}
		for _, imported := range s.imports() {
			if imported == "database/sql" || strings.HasPrefix(imported, "database/sql/") ||
				strings.HasPrefix(imported, "github.com/jackc/pgx/") || strings.HasPrefix(imported, "modernc.org/sqlite") {
				t.Errorf("%s imports %s: only internal/store and internal/job do; the retries, the two engines and the one writer of SQLite are theirs. Use store.Tx and its helpers", s.path, imported)
			}
		}
	}
}

func TestRefusalKnowsTheRules(t *testing.T) {
	for _, c := range []struct {
		from, to string
		test     bool
		want     string // a part of the reason; "" where the import is right
	}{
		{"price", "money", false, ""},
		{"money", "price", false, "data flows down the list"},
		{"order", "rating", false, "let rating call a command of order"},
		{"trace", "internal/store", false, ""},
		{"access", "internal/store", false, "is pure"},
		{"proof", "internal/keys", false, "is pure"},
		{"internal/store", "internal/fail", false, ""},
		{"internal/store", "money", false, "plumbing without business words"},
		{"order", "api", false, "edges call the business"},
		{"provision", "driver/memory", true, ""},
		{"provision", "driver/memory", false, "edges call the business"},
		{"driver/process", "provision", false, ""},
		{"driver/process", "network", false, ""},
		{"driver/process", "driver/process/shim", false, ""},
		{"driver/process", "order", false, "provision and network only"},
		{"driver/process", "driver/drivertest", true, ""},
		{"driver/process", "driver/people", true, "do not know each other"},
		{"api", "driver/process", false, "only cmd wires"},
		{"cmd/halle", "driver/process", false, ""},
		{"app/m2m", "meter", false, "over the wire"},
		{"app/m2m", "app/notes", false, "over the wire"},
		{"app/m2m", "internal/id", false, ""},
		{"api", "order", false, ""},
		{"api", "web/design", false, "never each other"},
		{"web/customer", "web/design", false, ""},
		{"web/customer", "api", false, "never each other"},
		{"web/customer", "internal/store", false, "never the database"},
		{"web/customer", "internal/store/storetest", true, ""},
		{"client", "proof", false, ""},
		{"client", "order", false, "nothing of the business"},
		{"client", "internal/store", false, "customer's machine"},
		{"cli", "client", false, ""},
		{"cli", "internal/fail", false, ""},
		{"cli", "internal/store", false, "any program can do"},
		{"cli", "order", false, "any program can do"},
		{"bench", "order", false, ""},
		{"order", "bench", false, "nobody imports a command"},
		{"test/browser", "order", true, "from outside"},
		{"", "order", true, "is the map"},
		{"gadgets", "gadgets", false, "is in no list"},
		{"order", "gadgets", false, "is in no list"},
	} {
		got := refusal(c.from, c.to, c.test)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s imports %s (test %v): %q, want %q", c.from, c.to, c.test, got, c.want)
		}
	}
}
