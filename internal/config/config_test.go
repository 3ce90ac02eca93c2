package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheDefaultWorks(t *testing.T) {
	c, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Database != "sqlite:data/halle.db" || c.URL != "http://127.0.0.1:8080" || c.Origin != "halle.halle" ||
		c.UsageLog.URL != "" || c.UsageLog.Stream != "HALLE_USAGE_HALLE" || c.UsageLog.Replicas != 3 {
		t.Fatalf("%+v", c)
	}
}

func TestFileThenEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "halle.toml")
	text := "home = \"lyon1\"\nworkers = 3\n[metering]\ninterval = \"5s\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, []string{"HALLE_WORKERS=9", "HALLE_MAIL_SMTP=localhost:25", "HALLE_PASSWORD_TIME=1", "OTHER=x"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Home != "lyon1" || c.Workers != 9 || c.Mail.SMTP != "localhost:25" || c.Password.Time != 1 || c.Metering.Interval.Duration != 5*time.Second {
		t.Fatalf("%+v", c)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"workerz = 3":                                              "workerz",
		"workers = \"x\"":                                          "workers",
		"listen = \"nowhere\"\nworkers = 999":                      "listen",
		"[mail]\ntls = \"maybe\"":                                  "mail.tls",
		"[usage_log]\nurl = \"http://a\"":                          "usage_log.url",
		"[usage_log]\nurl = \"nats://u:p@a\"":                      "no user or password here",
		"[usage_log]\nurl = \",\"":                                 "name a server",
		"[usage_log]\nreplicas = 2":                                "usage_log.replicas",
		"[usage_log]\nstream = \"a b\"":                            "usage_log.stream",
		"[usage_log]\ncert_file = \"x\"":                           "usage_log.key_file",
		"[usage_log]\nmonitor = \"nats://a\"":                      "usage_log.monitor",
		"database = \"postgres://a/b\"\nkeys = \"postgres://a/b\"": "database of their own",
	} {
		path := filepath.Join(dir, "halle.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Load("", []string{"HALLE_WORKERS=many"}); err == nil || !strings.Contains(err.Error(), "HALLE_WORKERS") {
		t.Errorf("got %v", err)
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	c := Default()
	for _, s := range c.Settings() {
		if s.Help == "" || s.Variable == "HALLE_" || s.Name == "" {
			t.Errorf("%+v", s)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("home = \"x1\"")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "halle.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = Load(path, nil)
	})
}
