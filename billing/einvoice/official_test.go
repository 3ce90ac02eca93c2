package einvoice_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/halle-cloud/halle/billing/einvoice"
)

var asserted = regexp.MustCompile(`(?s)<svrl:failed-assert.*?</svrl:failed-assert>`)

// TestOfficialArtefactsAccept runs the validation artefacts of the European Commission over every kind of document in
// both syntaxes. They are not ours to ship: scripts/einvoice-official.sh says where they are and sets HALLE_EN16931.
func TestOfficialArtefactsAccept(t *testing.T) {
	artefacts := os.Getenv("HALLE_EN16931")
	if artefacts == "" {
		return // the rules stand as tests of our own beside this one
	}
	saxon := os.Getenv("HALLE_SAXON")
	for syntax, write := range map[string]func(*einvoice.Document) ([]byte, error){"UBL": einvoice.UBL, "CII": einvoice.CII} {
		in, out := t.TempDir(), t.TempDir()
		files := officialFiles(t, in, write)
		sheet := filepath.Join(artefacts, map[string]string{"UBL": "ubl", "CII": "cii"}[syntax], "xslt", "EN16931-"+syntax+"-validation.xslt")
		run := exec.Command("java", "-jar", saxon, "-s:"+in, "-o:"+out, "-xsl:"+sheet)
		if text, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", syntax, err, text)
		}
		rules := 0
		for _, name := range files {
			report, err := os.ReadFile(filepath.Join(out, name))
			if err != nil {
				t.Fatal(err)
			}
			fired := bytes.Count(report, []byte("<svrl:fired-rule"))
			if rules += fired; fired == 0 {
				t.Errorf("%s %s: no rule fired", syntax, name)
			}
			for _, failed := range asserted.FindAll(report, -1) {
				t.Errorf("%s %s: %s", syntax, name, failed)
			}
		}
		t.Logf("%s: %d documents, %d rules fired", syntax, len(files), rules)
	}
}

func officialFiles(t *testing.T, dir string, write func(*einvoice.Document) ([]byte, error)) []string {
	t.Helper()
	var names []string
	put := func(name string, d *einvoice.Document) {
		text, err := write(d)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if err := os.WriteFile(filepath.Join(dir, name+".xml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name+".xml")
	}
	for _, k := range kinds() {
		put(k.name, k.doc(t))
	}
	return names
}
