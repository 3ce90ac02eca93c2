package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// broker is an ordered service with a device.
type broker struct {
	order, service, folder string
	endpoint, ca           string // ca is a file
	device, password       string
	feeds                  []*feed
}

// feed is a device program that sends lines with Debian's mosquitto_pub at QoS 1 until each is acknowledged.
type feed struct {
	name, version string
	pace          time.Duration // between two lines; 0 keeps as much in flight as the program allows
	sent          int64         // PUBLISH packets, repetitions included
	acks          int64         // PUBACK packets
	acked         map[string]bool
	made          int
	left          []string
	runs          int
	err           error
}

// perRun is how many lines one run of mosquitto_pub sends.
const perRun = 40

// run sends until stop is closed, and then until nothing is left unacknowledged.
func (f *feed) run(b *broker, stop <-chan struct{}) {
	deadline := time.Time{}
	for f.err == nil {
		select {
		case <-stop:
			if deadline.IsZero() {
				deadline = time.Now().Add(patience)
			}
			if len(f.left) == 0 {
				return
			}
			if time.Now().After(deadline) {
				f.err = fmt.Errorf("%s: %d lines are still not acknowledged", f.name, len(f.left))
			}
		default:
			for len(f.left) < perRun {
				f.left = append(f.left, fmt.Sprintf("%s-%d", f.name, f.made))
				f.made++
			}
		}
		if f.err == nil && len(f.left) > 0 {
			f.err = f.once(b)
		}
	}
}

// once runs mosquitto_pub with the lines that are left. It waits for ever when its connection ends after its input, and
// it connects anew by itself otherwise; so it gets a time limit. Its report must not sit in a buffer then.
func (f *feed) once(b *broker) error {
	host, port, err := net.SplitHostPort(b.endpoint)
	if err != nil {
		return err
	}
	lines := f.left[:min(len(f.left), perRun)]
	c := exec.Command("timeout", "-s", "KILL", "3", "stdbuf", "-oL", "mosquitto_pub", "-h", host, "-p", port, "--cafile", b.ca, "-u", b.device, "-P", b.password,
		"-V", f.version, "-q", "1", "-t", "crash/"+f.name, "-i", f.name, "-l", "-d")
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Start(); err != nil {
		return fmt.Errorf("mosquitto_pub (Debian package mosquitto-clients): %w", err)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(in, line); err != nil {
			break // it has ended
		}
		time.Sleep(f.pace)
	}
	_ = in.Close()
	_ = c.Wait()
	f.runs++
	before := f.acks
	if err := f.read(out.String(), lines); err != nil {
		return err
	}
	if f.acks == before {
		time.Sleep(30 * time.Millisecond) // nobody was there
	}
	var left []string
	for _, line := range f.left {
		if !f.acked[line] {
			left = append(left, line)
		}
	}
	f.left = left
	return nil
}

// read takes one run's report: message id k is its line k.
func (f *feed) read(report string, lines []string) error {
	for line := range strings.Lines(report) {
		if strings.Contains(line, "sending PUBLISH") {
			f.sent++
		}
		var client string
		var mid, rc int
		if n, _ := fmt.Sscanf(line, "Client %s received PUBACK (Mid: %d, RC:%d)", &client, &mid, &rc); n != 3 {
			continue
		}
		if rc != 0 || mid < 1 || mid > len(lines) {
			return fmt.Errorf("an acknowledgement that does not belong: %s", line)
		}
		f.acks++
		f.acked[lines[mid-1]] = true
	}
	return nil
}

// counts adds up what the broker's feeds saw: acknowledged lines, acknowledgements, and messages sent without one.
func (b *broker) counts() (lines, acks, open int64) {
	for _, f := range b.feeds {
		lines += int64(len(f.acked))
		acks += f.acks
		open += f.sent - f.acks
	}
	return lines, acks, open
}

// connect learns where the service is and makes a device on it.
func (w *world) connect(b *broker, name string) error {
	var c struct{ Outputs map[string]string }
	if err := w.do(technical, "GET", "/services/"+b.service+"/connection", "", nil, &c); err != nil {
		return err
	}
	b.endpoint, b.ca = c.Outputs["endpoint"], filepath.Join(w.t.TempDir(), "ca.pem")
	if err := os.WriteFile(b.ca, []byte(c.Outputs["ca.pem"]), 0o600); err != nil {
		return err
	}
	var made struct{ Name, Password string }
	if err := w.do(technical, "POST", "/services/"+b.service+"/manage/devices", "", map[string]string{"name": name}, &made); err != nil {
		return err
	}
	if made.Password == "" {
		return errors.New("the device got no password")
	}
	b.device, b.password = made.Name, made.Password
	b.feeds = []*feed{{name: name + "-a", version: "mqttv311", pace: 3 * time.Millisecond, acked: map[string]bool{}},
		{name: name + "-b", version: "mqttv5", acked: map[string]bool{}}}
	return nil
}
