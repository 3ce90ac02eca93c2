package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/halle-cloud/halle/client"
)

// Profile is a server and who one is there.
type Profile struct {
	Server string `json:"server"`
	Token  string `json:"token"` // a session or an API token
}

// profileName is the profile that a command uses.
type profileName string

func (n profileName) path() (string, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(string(n)) {
		return "", fmt.Errorf("%q is no name of a profile: use letters, digits, - and _", string(n))
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("where profiles are kept: %w", err)
	}
	return filepath.Join(dir, "halle", string(n)+".json"), nil
}

// load reads the profile; HALLE_SERVER and HALLE_TOKEN win over it.
func (n profileName) load() (Profile, error) {
	p := Profile{}
	path, err := n.path()
	if err != nil {
		return p, err
	}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("profile %s: %w", path, err)
	}
	if s := os.Getenv("HALLE_SERVER"); s != "" {
		p = Profile{Server: s}
	}
	if s := os.Getenv("HALLE_TOKEN"); s != "" {
		p.Token = s
	}
	return p, nil
}

// save writes the profile so that only its owner reads it.
func (n profileName) save(p Profile) error {
	path, err := n.path()
	if err != nil {
		return err
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return whole(path, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

// client speaks as the profile.
func (n profileName) client() (*client.Client, error) {
	p, err := n.load()
	if err != nil {
		return nil, err
	}
	if p.Server == "" {
		return nil, errors.New("no server is known.\nSign in first: halle login https://cloud.example.org")
	}
	c := client.New(p.Server, p.Token)
	c.Agent = "halle-cli"
	c.HTTP.Timeout = 2 * time.Minute
	return c, nil
}

// whole writes a file that only its owner reads: all of it, or nothing.
func whole(path string, f func(w io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".halle-*")
	if err != nil {
		return err
	}
	err = f(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Login opens a session and keeps it.
type Login struct {
	URL          string `arg:"" help:"Address of the server, such as https://cloud.example.org." name:"url"`
	Email        string `help:"E-mail address; asked when it is missing."`
	PasswordFile string `help:"File with the password; asked when it is missing." type:"existingfile"`
	TokenFile    string `help:"File with an API token, in place of e-mail address and password." type:"existingfile"`
}

// Run signs in.
func (l Login) Run(ctx context.Context, o Out, name profileName) error {
	c := client.New(l.URL, "")
	if l.TokenFile != "" {
		b, err := os.ReadFile(l.TokenFile)
		if err != nil {
			return err
		}
		c.Token = strings.TrimSpace(string(b))
	} else {
		email, password, err := l.ask()
		if err != nil {
			return err
		}
		opened, err := c.SignIn(ctx, client.Credentials{Email: email, Password: password})
		if err != nil {
			return err
		}
		c.Token = opened.Secret
	}
	me, err := c.GetMe(ctx)
	if err != nil {
		return err
	}
	if err := name.save(Profile{Server: c.Base, Token: c.Token}); err != nil {
		return err
	}
	return o.Show(me, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Signed in at %s as %s.\n", c.Base, called(me))
		return err
	})
}

// called is how a caller is addressed.
func called(me client.Me) string {
	who := "the token " + me.Token
	if me.Person != nil {
		who = me.Person.Name
	}
	if me.Org == "" {
		return who
	}
	return who + ", acting for " + me.Org
}

func (l Login) ask() (email, password string, err error) {
	email = l.Email
	if l.PasswordFile != "" {
		b, err := os.ReadFile(l.PasswordFile)
		if err != nil {
			return "", "", err
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	fd := int(os.Stdin.Fd())
	if (email == "" || password == "") && !term.IsTerminal(fd) {
		return "", "", errors.New("there is no terminal to ask for e-mail address and password.\nUse --email with --password-file, or --token-file")
	}
	if email == "" {
		_, _ = fmt.Fprint(os.Stderr, "E-mail: ")
		if _, err := fmt.Fscanln(os.Stdin, &email); err != nil {
			return "", "", err
		}
	}
	if password == "" {
		_, _ = fmt.Fprint(os.Stderr, "Password: ")
		b, err := term.ReadPassword(fd)
		_, _ = fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", "", err
		}
		password = string(b)
	}
	return email, password, nil
}

// Logout ends the session and forgets the profile.
type Logout struct{}

// Run signs out.
func (Logout) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if strings.HasPrefix(c.Token, "hls_") { // a token stands until it is revoked
		if err := c.SignOut(ctx); err != nil && !client.IsKind(err, "unauthenticated") {
			return err
		}
	}
	path, err := name.path()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return o.done("Signed out.")
}

// Whoami tells who the server takes one for.
type Whoami struct{}

// Run asks the server.
func (Whoami) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	me, err := c.GetMe(ctx)
	if err != nil {
		return err
	}
	return o.Show(me, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nroles: %s\nserver: %s\n", called(me), strings.Join(me.Roles, ", "), c.Base)
		return err
	})
}
