package m2m

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
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
