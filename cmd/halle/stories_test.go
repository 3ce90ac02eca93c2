package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// TestStories runs testdata/*.txtar: the built program from its first start to the verified invoice, on both engines.
func TestStories(t *testing.T) {
	bin := buildHalle(t)
	stories, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no story: %v", err)
	}
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			testscript.Run(t, testscript.Params{Files: stories, Setup: func(e *testscript.Env) error { return furnishStory(t, e, bin, engine) },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"await": await, "json": jsonEnv, "mailsecret": mailSecret, "flip": flip, "count": countStory, "nothingleft": nothingLeft, "publish": publish, "until": until,
					"instant": instantEnv, "fill": fillIn, "grown": grown,
				}})
		})
	}
}

// TestOlderData runs testdata/older: the built program on the data of an earlier release.
func TestOlderData(t *testing.T) {
	bin := buildHalle(t)
	testscript.Run(t, testscript.Params{Files: []string{"testdata/older/older.txtar"}, Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": await, "json": jsonEnv},
		Setup: func(e *testscript.Env) error {
			data, err := os.ReadFile("testdata/older/2026-11.tgz")
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "2026-11.tgz"), data, 0o600); err != nil {
				return err
			}
			if err := furnishStory(t, e, bin, store.SQLite); err != nil {
				return err
			}
			e.Setenv("HALLE_HOME", "demo")
			return nil
		}})
}

func buildHalle(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "halle"), ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// furnishStory gives a story an installation of its own to make: folders, addresses, databases.
func furnishStory(t *testing.T, e *testscript.Env, bin string, engine store.Engine) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	witness := other.Addr().String()
	if err := other.Close(); err != nil {
		return err
	}
	data := filepath.Join(e.WorkDir, "data")
	for name, value := range map[string]string{
		"PATH": bin + string(os.PathListSeparator) + e.Getenv("PATH"), "HOME": filepath.Join(e.WorkDir, "home"), "TZ": "UTC", "LANG": "en_GB.UTF-8",
		"HALLE_DATA": data, "HALLE_HOME": "story", "HALLE_LISTEN": address, "URL": "http://" + address, "WITNESS": witness, "HALLE_PASSWORD_MEMORY_KIB": "64", "HALLE_PASSWORD_TIME": "1",
		"HALLE_PROCESS_MIN_ISOLATION": "none", "HALLE_PROCESS_OBSERVE": "1s",
	} {
		e.Setenv(name, value)
	}
	if engine == store.PostgreSQL {
		for _, name := range []string{"HALLE_DATABASE", "HALLE_KEYS", "HALLE_USAGE"} {
			e.Setenv(name, storetest.URL(t, engine, nil))
		}
	}
	offers, err := filepath.Glob("demo/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range offers {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(e.WorkDir, filepath.Base(name)), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	e.Defer(func() { // shims outlive the server on purpose: after a failed story nothing stays either
		for _, pid := range below(filepath.Join(data, "resources")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return nil
}

// below lists the processes of this machine whose command line names a folder.
func below(folder string) (pids []int) {
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil
	}
	for _, name := range list {
		line, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(line, []byte(folder)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// await waits for the server to answer: await.
func await(ts *testscript.TestScript, _ bool, _ []string) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(ts.Getenv("URL") + "/healthz")
		if err == nil {
			ts.Check(answer.Body.Close())
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			ts.Fatalf("the server does not answer: %v", err)
		}
	}
}

// jsonEnv takes a value out of the output before: json VAR items.0.id [FILE to put it in].
func jsonEnv(ts *testscript.TestScript, _ bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, step := range strings.Split(args[1], "/") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(at) {
				ts.Fatalf("no %s in a list of %d", step, len(at))
			}
			v = at[n]
		}
	}
	if v == nil {
		ts.Fatalf("no %s in %s", args[1], ts.ReadFile("stdout"))
	}
	text := fmt.Sprint(v)
	ts.Setenv(args[0], text)
	if len(args) > 2 {
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o600))
	}
}

// mailSecret writes the secret of the newest link that was mailed to an address into a file: mailsecret ADDRESS FILE.
func mailSecret(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		names, err := filepath.Glob(filepath.Join(ts.Getenv("HALLE_DATA"), "mail", "*.eml"))
		ts.Check(err)
		for i := len(names) - 1; i >= 0; i-- {
			text, err := mailTo(names[i], args[0])
			ts.Check(err)
			if found := regexp.MustCompile(`http://\S+/([A-Za-z0-9_-]{43})\b`).FindStringSubmatch(text); found != nil {
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(found[1]), 0o600))
				return
			}
		}
	}
	ts.Fatalf("no link was mailed to %s", args[0])
}

// mailTo gives the text of a message, "" when it is for somebody else.
func mailTo(name, address string) (string, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil || !strings.Contains(m.Header.Get("To"), address) {
		return "", err
	}
	return plainText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
}

// plainText is the text of a message, of all its parts.
func plainText(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		if strings.EqualFold(encoding, "quoted-printable") {
			body = quotedprintable.NewReader(body)
		}
		b, err := io.ReadAll(body)
		return string(b), err
	}
	var all strings.Builder
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all.String(), nil
		}
		if err != nil {
			return "", err
		}
		text, err := plainText(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
		if err != nil {
			return "", err
		}
		all.WriteString(text)
	}
}

// flip changes one byte after a text in a file: flip FILE TEXT.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	at := bytes.Index(b, []byte(args[1]))
	if at < 0 {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	at += len(args[1])
	for b[at] < '0' || b[at] > '9' {
		at++
	}
	b[at] = '0' + (b[at]-'0'+1)%10
	ts.Check(os.WriteFile(path, b, 0o600))
}

// countStory repeats a line: count N FILE.
func countStory(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "message %d\n", i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}

// nothingLeft fails while a process of a resource runs.
func nothingLeft(ts *testscript.TestScript, _ bool, _ []string) {
	folder := filepath.Join(ts.Getenv("HALLE_DATA"), "resources")
	for end := time.Now().Add(time.Minute); len(below(folder)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("processes of resources still run: %v", below(folder))
		}
	}
}

// publish sends each line of a file as a message at QoS 1, with Debian's client: publish ENDPOINT USER PASSWORD TOPIC FILE.
func publish(ts *testscript.TestScript, _ bool, args []string) {
	host, port, err := net.SplitHostPort(args[0])
	ts.Check(err)
	lines, err := os.Open(ts.MkAbs(args[4]))
	ts.Check(err)
	defer func() { _ = lines.Close() }()
	cmd := exec.Command("mosquitto_pub", "-h", host, "-p", port, "--cafile", ts.MkAbs("ca.pem"), "-u", args[1], "-P", args[2], "-q", "1", "-t", args[3], "-l")
	cmd.Stdin = lines
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 { // it exits 0 also when it was refused
		ts.Fatalf("mosquitto_pub: %v\n%s", err, out)
	}
}

// until repeats a command until its output matches: until REGEXP PROGRAM ARGUMENTS…
func until(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile(args[0])
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%v did not come to say %s: %v", args[1:], args[0], err)
		}
	}
}

// instantEnv puts the time so far from now into a variable: instant VAR -1m.
func instantEnv(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().Add(d).UTC().Format(time.RFC3339))
}

// fillIn repeats a line with the variables in it filled in, and {n} counting: fill N TEMPLATE FILE.
func fillIn(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	line := os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(line, "{n}", strconv.Itoa(i)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(b.String()), 0o600))
}

// grown waits until the files of a folder have so many bytes: grown FOLDER BYTES.
func grown(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
		ts.Check(err)
		size := int64(0)
		for _, name := range files {
			if info, err := os.Stat(name); err == nil {
				size += info.Size()
			}
		}
		if size >= want {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s has %d bytes", args[0], size)
		}
	}
}
