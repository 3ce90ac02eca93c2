package locale

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

func load(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func speak(t *testing.T, lang string) *Locale {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 5, 14, 5, 0, 0, time.UTC) }
	return load(t).Locale(lang, Options{Now: now})
}

func TestFormat(t *testing.T) {
	en, fr := speak(t, "en"), speak(t, "fr")
	at := time.Date(2026, 11, 1, 9, 7, 0, 0, time.UTC)
	for _, c := range []struct{ name, en, fr, wantEN, wantFR string }{
		{"number", en.Number(1234567), fr.Number(1234567), "1,234,567", "1\u00a0234\u00a0567"},
		{"negative", en.Number(-1000), fr.Number(-1000), "−1,000", "−1\u00a0000"},
		{"smallest", en.Number(-1 << 63), fr.Decimal(-1<<63, 18), "−9,223,372,036,854,775,808", "−9,223372036854775808"},
		{"decimal below one", en.Decimal(5, 3), fr.Decimal(5, 3), "0.005", "0,005"},
		{"percent", en.Percent(55, 1), fr.Percent(20, 0), "5.5\u00a0%", "20\u00a0%"},
		{"euro", en.Money(Money{123450, 2, "EUR"}), fr.Money(Money{123450, 2, "EUR"}), "€1,234.50", "1\u00a0234,50\u00a0€"},
		{"credit", en.Money(Money{-99, 2, "EUR"}), fr.Money(Money{-99, 2, "EUR"}), "−€0.99", "−0,99\u00a0€"},
		{"unit price", en.Money(Money{95, 5, "EUR"}), fr.Money(Money{95, 5, "EUR"}), "€0.00095", "0,00095\u00a0€"},
		{"no minor unit", en.Money(Money{1000, 0, "XOF"}), fr.Money(Money{1000, 0, "USD"}), "XOF\u00a01,000", "1\u00a0000\u00a0$\u00a0US"},
		{"date", en.Date(at), fr.Date(at), "1\u00a0Nov\u00a02026", "1er\u00a0nov.\u00a02026"},
		{"long date", en.DateLong(at), fr.DateLong(at), "Sunday 1\u00a0November\u00a02026", "dimanche 1er\u00a0novembre\u00a02026"},
		{"instant", en.Instant(at), fr.Instant(at), "1\u00a0Nov\u00a02026, 09:07 UTC", "1er\u00a0nov.\u00a02026 à 09:07 UTC"},
		{"ago", en.Ago(at), fr.Ago(at), "4 days ago", "il y a 4 jours"},
		{"soon", en.Ago(at.Add(101 * time.Hour)), fr.Ago(at.Add(102 * time.Hour)), "in 2 minutes", "dans 1 heure"},
		{"milliseconds", en.Duration(9 * time.Millisecond), fr.Duration(1400 * time.Millisecond), "9\u00a0ms", "1,4\u00a0s"},
		{"minutes", en.Duration(125 * time.Second), fr.Duration(190 * time.Minute), "2\u00a0min\u00a05\u00a0s", "3\u00a0h\u00a010\u00a0min"},
		{"days", en.Duration(96 * time.Hour), fr.Duration(96 * time.Hour), "4 days", "4 jours"},
		{"bytes", en.Bytes(1_240_000), fr.Bytes(940), "1.2\u00a0MB", "940\u00a0o"},
	} {
		if c.en != c.wantEN || c.fr != c.wantFR {
			t.Errorf("%s: got %q and %q, want %q and %q", c.name, c.en, c.fr, c.wantEN, c.wantFR)
		}
	}
}

func TestPluralAndArguments(t *testing.T) {
	for _, c := range []struct {
		lang string
		n    int
		want string
	}{{"en", 0, "0 rows"}, {"en", 1, "1 row"}, {"en", 1200, "1,200 rows"}, {"fr", 0, "0 ligne"}, {"fr", 1, "1 ligne"}, {"fr", 2, "2 lignes"}} {
		if got := speak(t, c.lang).T("table.found", "n", c.n); got != c.want {
			t.Errorf("%s, %d: got %q, want %q", c.lang, c.n, got, c.want)
		}
	}
	if got := speak(t, "en").T("no.such.key"); got != "[no.such.key]" {
		t.Errorf("a missing key must show itself, got %q", got)
	}
}

func TestNegotiate(t *testing.T) {
	for _, c := range []struct{ url, cookie, header, want string }{
		{"/", "", "", "en"}, {"/", "", "fr-CA,fr;q=0.9,en;q=0.5", "fr"}, {"/", "", "de,en;q=0.5", "en"}, {"/", "", "sv", "en"},
		{"/", "fr", "en", "fr"}, {"/?lang=en", "fr", "fr", "en"}, {"/?lang=xx", "", "fr", "fr"}, {"/", "xx", ";;;=,", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, c.url, nil)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: Cookie, Value: c.cookie})
		}
		r.Header.Set("Accept-Language", c.header)
		if got := Negotiate(r); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func TestSameKeysInEveryLanguage(t *testing.T) {
	c := load(t)
	en := c.Keys("en")
	for _, lang := range Languages()[1:] {
		other := c.Keys(lang)
		for _, key := range en {
			if !slices.Contains(other, key) {
				t.Errorf("%s lacks %q", lang, key)
			}
		}
		for _, key := range other {
			if !slices.Contains(en, key) {
				t.Errorf("en lacks %q, which %s has", key, lang)
			}
		}
	}
}

func TestFailFallsBackToItsOwnWords(t *testing.T) {
	text, remedy := speak(t, "fr").Fail(fail.New(fail.Denied, "no.such.code", "You may not.", "Ask."))
	if text != "You may not." || remedy != "Ask." {
		t.Errorf("got %q and %q", text, remedy)
	}
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"", "fr", "en-GB,fr;q=0.4", "*;q=0", ";;;=,", "fr-FR-x-a"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, header, cookie string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", header)
		r.Header.Set("Cookie", Cookie+"="+cookie)
		if !slices.Contains(Languages(), Negotiate(r)) {
			t.Errorf("%q and %q give a language that nobody wrote", header, cookie)
		}
	})
}
