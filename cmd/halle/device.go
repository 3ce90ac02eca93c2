package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// device is a real MQTT 5 client over TLS, as a customer's machine would be.
type device struct {
	address, name, password string
	roots                   *x509.CertPool
	conn                    *paho.Client
	resent                  int // messages sent again because their acknowledgement was lost
	reconnects              int
}

func newDevice(address, ca, name, password string) (*device, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		return nil, errors.New("the broker's certificate authority cannot be read")
	}
	return &device{address: address, name: name, password: password, roots: roots}, nil
}

func (d *device) connect(ctx context.Context) error {
	host, _, err := net.SplitHostPort(d.address)
	if err != nil {
		return err
	}
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 2 * time.Second}, Config: &tls.Config{RootCAs: d.roots, ServerName: host, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", d.address)
	if err != nil {
		return err
	}
	c := paho.NewClient(paho.ClientConfig{Conn: conn, PacketTimeout: 3 * time.Second})
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ack, err := c.Connect(ctx, &paho.Connect{ClientID: d.name, KeepAlive: 30, CleanStart: true, Username: d.name, UsernameFlag: true,
		Password: []byte(d.password), PasswordFlag: true})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	if ack.ReasonCode >= 0x80 {
		return errors.Join(fmt.Errorf("the broker refused the device: code %d", ack.ReasonCode), conn.Close())
	}
	d.conn = c
	return nil
}

// publish sends one message at QoS 1 until it is acknowledged, connecting anew as often as needed.
func (d *device) publish(ctx context.Context, topic string, payload []byte) error {
	for try := 0; ; try++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.conn == nil {
			if err := d.connect(ctx); err != nil {
				if try > 200 {
					return err
				}
				time.Sleep(50 * time.Millisecond)
				continue
			}
			if try > 0 {
				d.reconnects++
			}
		}
		if err := d.send(ctx, topic, payload); err == nil {
			return nil
		}
		d.resent++
		d.conn = nil
	}
}

// send waits for the acknowledgement, or for the end of the connection.
func (d *device) send(ctx context.Context, topic string, payload []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := d.conn.Done()
	go func() {
		select {
		case <-gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	_, err := d.conn.Publish(ctx, &paho.Publish{QoS: 1, Topic: topic, Payload: payload})
	return err
}

func (d *device) close() {
	if d.conn != nil {
		_ = d.conn.Disconnect(&paho.Disconnect{})
	}
}
