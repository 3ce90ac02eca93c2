package m2m

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/google/go-cmp/cmp"
)

// tls opens a connection that says nothing yet.
func (s *site) tls() *tls.Conn {
	s.t.Helper()
	pem, err := os.ReadFile(filepath.Join(s.dir, "ca.pem"))
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	nc, err := tls.Dial("tcp", s.socket.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
	if err != nil {
		s.t.Fatal(err)
	}
	return nc
}

// dial opens an MQTT 5 connection with Eclipse Paho.
func (s *site) dial(id, device, password string, clean bool, got func(*packets.Publish)) (*paho.Client, *paho.Connack, error) {
	s.t.Helper()
	nc := s.tls()
	conf := paho.ClientConfig{Conn: packets.NewThreadSafeConn(nc), ClientID: id}
	if got != nil {
		conf.OnPublishReceived = []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			got(p.Packet.Packet())
			return true, nil
		}}
	}
	c := paho.NewClient(conf)
	expiry := uint32(0)
	if !clean {
		expiry = 1000
	}
	ack, err := c.Connect(context.Background(), &paho.Connect{ClientID: id, CleanStart: clean, KeepAlive: 30,
		Username: device, UsernameFlag: true, Password: []byte(password), PasswordFlag: true,
		Properties: &paho.ConnectProperties{SessionExpiryInterval: &expiry}})
	s.t.Cleanup(func() { _ = nc.Close() })
	return c, ack, err
}

func (s *site) mustDial(id, device, password string, clean bool, got func(*packets.Publish)) *paho.Client {
	s.t.Helper()
	c, _, err := s.dial(id, device, password, clean, got)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// inbox gathers what a client receives.
type inbox struct {
	mu  sync.Mutex
	got []string
}

func (b *inbox) take(p *packets.Publish) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, fmt.Sprintf("%s %s q%d r%t", p.Topic, p.Payload, p.QoS, p.Retain))
}

func (b *inbox) wait(t testing.TB, n int) []string {
	t.Helper()
	for range 1000 {
		b.mu.Lock()
		got := append([]string(nil), b.got...)
		b.mu.Unlock()
		if len(got) >= n {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("received %v, want %d", b.got, n)
	return nil
}

func publish(c *paho.Client, topic, payload string, qos byte, retain bool) (byte, error) {
	r, err := c.Publish(context.Background(), &paho.Publish{Topic: topic, Payload: []byte(payload), QoS: qos, Retain: retain})
	if r == nil {
		return 0, err
	}
	return r.ReasonCode, err
}

func subscribe(t testing.TB, c *paho.Client, filter string, qos byte) {
	t.Helper()
	if _, err := c.Subscribe(context.Background(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: qos}}}); err != nil {
		t.Fatal(err)
	}
}

func TestEveryQualityOfServiceIsDelivered(t *testing.T) {
	s := newSite(t, nil)
	s.start()
	pw := s.addDevice("dev")
	var in inbox
	sub := s.mustDial("sub", "dev", pw, true, in.take)
	pub := s.mustDial("pub", "dev", pw, true, nil)
	if _, err := publish(pub, "a/kept", "old", 1, true); err != nil {
		t.Fatal(err)
	}
	subscribe(t, sub, "a/#", 2)
	in.wait(t, 1)
	for q := range byte(3) {
		if _, err := publish(pub, "a/b", fmt.Sprint("m", q), q, false); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"a/kept old q1 rtrue", "a/b m0 q0 rfalse", "a/b m1 q1 rfalse", "a/b m2 q2 rfalse"}
	got := in.wait(t, 4)
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if st := s.status(); st.Messages != 4 || st.Bytes != 9 || st.Retained != 1 {
		t.Errorf("%+v", st)
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Limits = Limits{MessageBytes: 1000, Connections: 3, Queued: 2} })
	s.start()
	pw := s.addDevice("dev")
	var other struct{ Password string }
	s.call("POST", "/devices", `{"name":"narrow","prefix":"own/"}`, http.StatusCreated, &other)

	if _, ack, err := s.dial("x", "dev", "wrong password", true, nil); err == nil || ack.ReasonCode != 0x86 {
		t.Errorf("wrong password: %v", err)
	}
	narrow := s.mustDial("narrow", "narrow", other.Password, true, nil)
	if code, _ := publish(narrow, "foreign/x", "m", 1, false); code != 0x87 {
		t.Errorf("foreign topic: %#x", code)
	}
	if _, err := publish(narrow, "own/x", "m", 1, false); err != nil {
		t.Errorf("own topic: %v", err)
	}
	if sa, _ := narrow.Subscribe(context.Background(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "#"}}}); sa == nil || sa.Reasons[0] != 0x87 {
		t.Error("foreign filter is not refused")
	}
	absent := s.mustDial("absent", "dev", pw, false, nil)
	subscribe(t, absent, "full/#", 1)
	_ = absent.Disconnect(&paho.Disconnect{})
	if _, ack, err := s.dial("absent", "narrow", other.Password, false, nil); err == nil || ack.ReasonCode != 0x85 {
		t.Errorf("session of another device: %v", err)
	}
	pub := s.mustDial("pub", "dev", pw, true, nil)
	for i := range 3 {
		code, _ := publish(pub, "full/x", "m", 1, false)
		if want := map[bool]byte{false: 0, true: 0x97}[i == 2]; code != want {
			t.Errorf("message %d to a queue of 2: %#x", i, code)
		}
	}
	_ = s.mustDial("third", "dev", pw, true, nil)
	if _, ack, err := s.dial("fourth", "dev", pw, true, nil); err == nil || ack.ReasonCode != 0x89 {
		t.Errorf("a connection too many: %v", err)
	}
	if out, code := run(t, s.mosquitto("mosquitto_pub", "dev", "no", "-q", "1", "-t", "x", "-m", "m")); code == 0 {
		t.Errorf("mosquitto_pub with a wrong password: %s", out)
	}
	s.call("POST", "/devices", `{"name":"x","unknown":1}`, http.StatusUnprocessableEntity, nil)
	s.call("POST", "/devices", `{"name":"dev"}`, http.StatusConflict, nil)
	s.call("DELETE", "/devices/nobody", "", http.StatusNotFound, nil)
	if st := s.status(); st.Messages != 3 {
		t.Errorf("refused messages were counted: %+v", st)
	}
}

func TestOversizedMessageIsToldWhy(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Limits.MessageBytes = 1000 })
	s.start()
	pw := s.addDevice("dev")
	out, _ := run(t, s.mosquitto("mosquitto_pub", "dev", pw, "-V", "mqttv5", "-d", "-q", "1", "-t", "x", "-m", strings.Repeat("x", 1001)))
	if !strings.Contains(out, "eceived DISCONNECT (149)") || strings.Contains(out, "PUBACK") {
		t.Errorf("want disconnect with 0x95 and no acknowledgement: %s", out)
	}
	if st := s.status(); st.Messages != 0 {
		t.Errorf("%+v", st)
	}
}

func TestRemovedDeviceLosesItsConnection(t *testing.T) {
	s := newSite(t, nil)
	s.start()
	pw := s.addDevice("dev")
	c := s.mustDial("c", "dev", pw, true, nil)
	s.call("DELETE", "/devices/dev", "", http.StatusNoContent, nil)
	<-c.Done()
	if _, _, err := s.dial("c", "dev", pw, true, nil); err == nil {
		t.Error("a removed device connects")
	}
}

// QoS 2 over a kill: the second half of an exchange completes, and the message is there once.
func TestExactlyOnceOverKill(t *testing.T) {
	s := newSite(t, nil)
	s.start()
	pw := s.addDevice("dev")
	args := []string{"-V", "mqttv311", "-i", "absent", "-c", "-q", "2", "-t", "q/#"}
	if out, code := run(t, s.mosquitto("mosquitto_sub", "dev", pw, append(args, "-E")...)); code != 0 {
		t.Fatal(out)
	}
	for i := range 5 {
		if out, code := run(t, s.mosquitto("mosquitto_pub", "dev", pw, "-q", "2", "-t", "q/x", "-m", fmt.Sprint(i))); code != 0 {
			t.Fatal(out)
		}
	}
	s.kill()
	s.start()
	out, _ := run(t, s.mosquitto("mosquitto_sub", "dev", pw, append(args, "-C", "5", "-W", "10", "-F", "%p")...))
	if out != "0\n1\n2\n3\n4\n" {
		t.Errorf("received %q", out)
	}
	if st := s.status(); st.Messages != 5 {
		t.Errorf("%+v", st)
	}
}

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
