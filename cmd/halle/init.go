package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/party"
)

type initCommand struct {
	Config       string `help:"Configuration file (TOML)." type:"path"`
	Name         string `required:"" help:"The operator's name, as on its invoices."`
	Country      string `required:"" help:"Country of its seat, such as FR."`
	Owner        string `required:"" help:"Name of the first person, who owns the installation."`
	Email        string `required:"" help:"That person's e-mail address."`
	PasswordFile string `help:"File with that person's password; asked at the terminal when it is missing." type:"path"`
}

// Run makes the operator and its first person on an empty installation.
func (c initCommand) Run(ctx context.Context, w console) error {
	conf, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	password, err := c.password(w)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, conf, observe.NewLog(w.err, conf.LogLevel), false, true)
	if err != nil {
		return err
	}
	st, err := h.parties.BootstrapOperator(ctx, party.Bootstrap{Name: c.Name, Country: c.Country, Language: "en", OwnerName: c.Owner, OwnerEmail: c.Email})
	if err == nil {
		err = h.signIns.SetFirstPassword(ctx, st.Person, password)
	}
	if err := errors.Join(err, h.close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s is ready in %s.\nKeep a copy of %s in another place: without it nothing can be read.\nStart it: halle serve\n", c.Name, conf.Data, conf.RootKey)
	return err
}

func (c initCommand) password(w console) (string, error) {
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		return strings.TrimRight(string(b), "\r\n"), err
	}
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", errors.New("no terminal to ask for the password: use --password-file")
	}
	_, _ = fmt.Fprint(w.err, "Password: ")
	b, err := term.ReadPassword(fd)
	_, _ = fmt.Fprintln(w.err)
	return string(b), err
}
