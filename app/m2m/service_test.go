package m2m

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/google/go-cmp/cmp"
)

// A stop seals and sends; the usage endpoint being away only delays; the bytes stay the same.
func TestSealAndWatermark(t *testing.T) {
	s := newSite(t, func(c *Config) { c.StopGraceMS, c.UsageURL = 300, "unix:usage.sock" })
	l, err := net.Listen("unix", filepath.Join(s.dir, "usage.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() { _ = http.Serve(l, http.HandlerFunc(s.sink.take)) }()
	s.sink.down = func() bool { return true }
	s.start()
	pw := s.addDevice("dev")
	for range 3 {
		if out, code := run(t, s.mosquitto("mosquitto_pub", "dev", pw, "-q", "1", "-t", "x", "-m", "12345")); code != 0 {
			t.Fatal(out)
		}
	}
	s.stop()
	if n := s.sink.billed(t, "messages"); n != 0 {
		t.Fatalf("%d billed while the endpoint was away", n)
	}
	s.sink.mu.Lock()
	s.sink.down = nil
	s.sink.mu.Unlock()
	s.start()
	var st Status
	s.call("POST", "/drain", "", http.StatusOK, &st)
	if s.sink.billed(t, "messages") != 3 || s.sink.billed(t, "bytes") != 15 || st.Outbox != 0 || st.Accepting {
		t.Errorf("%+v %v", st, s.sink.order)
	}
	last := s.sink.order[len(s.sink.order)-1]
	if !strings.Contains(last, watermarkType) || !strings.Contains(last, st.SentThrough) {
		t.Errorf("the last event is no watermark through %s: %s", st.SentThrough, last)
	}
	s.call("POST", "/seal", "", http.StatusAccepted, nil)
	if err := s.child.Wait(); err != nil {
		t.Errorf("end after seal: %v", err)
	}
	s.child = nil
}

func TestExportImport(t *testing.T) {
	a := newSite(t, nil)
	a.start()
	pw := a.addDevice("dev")
	sub := a.mustDial("absent", "dev", pw, false, nil)
	subscribe(t, sub, "a/#", 1)
	_ = sub.Disconnect(&paho.Disconnect{})
	pub := a.mustDial("pub", "dev", pw, true, nil)
	for _, m := range []string{"one", "two"} {
		if _, err := publish(pub, "a/x", m, 1, m == "two"); err != nil {
			t.Fatal(err)
		}
	}
	var file []byte
	a.call("GET", "/export", "", http.StatusOK, &file)
	if bytes.Contains(file, []byte(pw)) || bytes.Contains(file, []byte("secret")) {
		t.Error("the export holds a secret")
	}
	b := newSite(t, nil)
	b.start()
	b.call("POST", "/import", string(file[:len(file)/2]), http.StatusUnprocessableEntity, nil)
	b.call("POST", "/import", strings.Replace(string(file), `"absent"`, `"Absent"`, 1), http.StatusUnprocessableEntity, nil)
	b.call("POST", "/import", string(file), http.StatusOK, nil)
	b.call("POST", "/import", string(file), http.StatusConflict, nil)
	b.kill()
	b.start()
	var in inbox
	b.mustDial("absent", "dev", pw, false, in.take)
	want := []string{"a/x one q1 rfalse", "a/x two q1 rfalse"}
	if d := cmp.Diff(want, in.wait(t, 2)); d != "" {
		t.Error(d)
	}
	if st := b.status(); st.Messages != 0 || st.Retained != 1 {
		t.Errorf("imported messages are not use: %+v", st)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"resource":"r","subscription":"s","usage_url":"http://x/y","limits":{}}`:           "",
		`{"resource":"r","subscription":"s","usage_url":"http://x/y","limits":{},"extra":1}`: "extra",
		`{"resource":"r/2","usage_url":"ftp://x","limits":{"queued":70000}}`:                 "limits.queued",
		`{`: "EOF",
	} {
		if err := os.WriteFile(filepath.Join(dir, configFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadConfig(dir)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ReadConfig(filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A journal that cannot be written acknowledges nothing, says so, and what was acknowledged before stays.
func TestFullDiskAcknowledgesNothing(t *testing.T) {
	s := newSite(t, func(c *Config) { c.IntervalMS = 60000 })
	s.fileLimit = 20000
	s.start()
	pw := s.addDevice("dev")
	c := s.mustDial("c", "dev", pw, true, nil)
	payload := strings.Repeat("x", 1000)
	acked := int64(0)
	for range 40 {
		code, _ := publish(c, "x", payload, 1, false)
		if code == 0x83 {
			break
		}
		if code == 0 {
			acked++
		}
	}
	st := s.status()
	if acked == 0 || acked == 40 || st.Messages != acked || st.JournalProblem == "" || st.Accepting {
		t.Errorf("%d acknowledged: %+v", acked, st)
	}
	s.kill()
	s.fileLimit = 0
	s.start()
	s.call("POST", "/drain", "", http.StatusOK, &st)
	if n := s.sink.billed(t, "messages"); n != acked {
		t.Errorf("%d acknowledged, %d billed", acked, n)
	}
}

// A will is delivered and not counted; of a shared subscription one member gets each message.
func TestWillAndSharedSubscription(t *testing.T) {
	s := newSite(t, nil)
	s.start()
	pw := s.addDevice("dev")
	var all, one, two inbox
	subscribe(t, s.mustDial("all", "dev", pw, true, all.take), "w/#", 1)
	subscribe(t, s.mustDial("one", "dev", pw, true, one.take), "$share/g/s/#", 1)
	subscribe(t, s.mustDial("two", "dev", pw, false, two.take), "$share/g/s/#", 1)
	c := s.mosquitto("mosquitto_sub", "dev", pw, "-i", "dying", "-t", "none", "--will-topic", "w/dying", "--will-payload", "gone", "--will-qos", "1", "-d")
	c.Args, c.Path = append([]string{"stdbuf", "-oL"}, c.Args...), "/usr/bin/stdbuf" // its report must not sit in a buffer
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for sc := bufio.NewScanner(out); sc.Scan() && !strings.Contains(sc.Text(), "SUBACK"); {
		continue
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	if got := all.wait(t, 1); got[0] != "w/dying gone q1 rfalse" {
		t.Error(got)
	}
	pub := s.mustDial("pub", "dev", pw, true, nil)
	for i := range 10 {
		if _, err := publish(pub, "s/x", fmt.Sprint(i), 1, false); err != nil {
			t.Fatal(err)
		}
	}
	for range 400 {
		if len(one.wait(t, 0))+len(two.wait(t, 0)) >= 10 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if n := len(one.wait(t, 0)) + len(two.wait(t, 0)); n != 10 {
		t.Errorf("%d deliveries of 10 shared messages", n)
	}
	if st := s.status(); st.Messages != 10 {
		t.Errorf("%+v", st)
	}
}

// Nonsense on the wire ends its own connection and nothing else.
func TestNonsenseOnTheWire(t *testing.T) {
	s := newSite(t, nil)
	s.start()
	pw := s.addDevice("dev")
	c := s.mustDial("c", "dev", pw, true, nil)
	connect := "\x10\x1b\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01x\x00\x03dev" // password missing
	for _, junk := range []string{"\x00\x00", "GET / HTTP/1.1\r\n\r\n", "\x10\xff\xff\xff\x7f", connect, "\x30\x03\x00\x01a", "\xf0\x00"} {
		nc := s.tls()
		_, _ = nc.Write([]byte(junk))
		_ = nc.CloseWrite()
		_, _ = io.ReadAll(nc)
		_ = nc.Close()
	}
	if code, err := publish(c, "x", "m", 1, false); code != 0 || err != nil {
		t.Errorf("%#x %v", code, err)
	}
}
