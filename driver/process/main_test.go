package process_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/halle-cloud/halle/driver/process/shim"
)

// TestMain makes the test binary serve as halle: it has the commands shim and app, and the broker that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "shim":
			os.Exit(shim.Main(os.Args[2:]))
		case "app":
			os.Exit(echo(os.Args[2:]))
		case "broker":
			os.Exit(broker(os.Args[2:]))
		}
	}
	code := m.Run()
	// A shim gives its lock back a moment before its process ends, and the driver reaps it after that.
	err := goleak.Find()
	for until := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(until); {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// echoConfig is app.json of the test application.
type echoConfig struct {
	Resource     string   `json:"resource"`
	Subscription string   `json:"subscription"`
	UsageURL     string   `json:"usage_url"`
	Hosts        []string `json:"hosts"`
	Greeting     string   `json:"greeting"`
	Exit         int      `json:"exit"`  // end at once with this status
	Deaf         bool     `json:"deaf"`  // ignore SIGTERM
	Spy          string   `json:"spy"`   // try to read this file
	Dial         string   `json:"dial"`  // try to reach this address
	Usage        string   `json:"usage"` // post this to the usage socket before the first answer
}

// echo is an application in small: it greets whoever connects, and has a control socket.
func echo(args []string) int {
	name, dir := args[0], args[2]
	var c echoConfig
	b, err := os.ReadFile(filepath.Join(dir, "app.json"))
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || name != "echo" {
		fmt.Fprintln(os.Stderr, "echo:", name, err)
		return 2
	}
	if c.Exit != 0 {
		fmt.Fprintln(os.Stderr, "echo: the greeting is broken")
		return c.Exit
	}
	if c.Deaf {
		signal.Ignore(syscall.SIGTERM)
	}
	if os.Getenv("LISTEN_FDS") != "1" || os.Getenv("LISTEN_PID") != fmt.Sprint(os.Getpid()) {
		fmt.Fprintln(os.Stderr, "echo: no socket was passed")
		return 2
	}
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		return 2
	}
	_ = os.WriteFile(filepath.Join(dir, "found.json"), look(dir, c), 0o600)
	go greet(l, c.Greeting)
	return serveEcho(dir)
}

func greet(l net.Listener, greeting string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintln(conn, greeting)
		_ = conn.Close()
	}
}

// look tries what an application must not be able to.
func look(dir string, c echoConfig) []byte {
	found := map[string]string{}
	try := func(name string, err error) {
		found[name] = "reached"
		if err != nil {
			found[name] = err.Error()
		}
	}
	if c.Spy != "" {
		_, err := os.ReadFile(c.Spy)
		try("spy", err)
		_, err = os.ReadDir(filepath.Join(dir, ".."))
		try("parent", err)
	}
	if c.Dial != "" {
		conn, err := net.DialTimeout("tcp", c.Dial, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		try("dial", err)
	}
	if c.Usage != "" {
		try("usage", post(dir, c.Usage))
	}
	b, _ := json.Marshal(found)
	return b
}

func post(dir, body string) error {
	token, err := os.ReadFile(filepath.Join(dir, "token"))
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Dial: func(string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(dir, "usage.sock"))
	}}}
	req, err := http.NewRequest("POST", "http://usage/anything", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+string(token))
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

func serveEcho(dir string) int {
	var mu sync.Mutex
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	mux.HandleFunc("POST /drain", func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = os.WriteFile(filepath.Join(dir, "drained"), nil, 0o600)
	})
	mux.HandleFunc("GET /export", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "all of it") })
	mux.HandleFunc("POST /import", func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_ = os.WriteFile(filepath.Join(dir, "imported"), b, 0o600)
	})
	l, err := net.Listen("unix", filepath.Join(dir, "control.sock"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		return 2
	}
	fmt.Fprintln(os.Stderr, http.Serve(l, mux))
	return 2
}
