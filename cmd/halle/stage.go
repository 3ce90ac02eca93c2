package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/signin"
)

//go:embed stage/*.yaml
var stageFiles embed.FS

// stageCommand stands up a whole installation to be measured: the people of the demo, more customers, the demo's
// broker and the same offer on an engine in memory. It serves as `halle serve` does, with every reader, pump and
// job running. What the demo alone may do, it may too; `halle serve` never.
type stageCommand struct {
	Data      string `required:"" type:"path" help:"Folder for the data; a new one."`
	Database  string `help:"sqlite:PATH or postgres://…; empty: a file in the folder." placeholder:"URL"`
	Customers int    `default:"20" help:"How many customers."`
	CPU       string `type:"path" help:"Write a CPU profile there."`
}

// staged is what is printed, as one line of JSON, once the installation answers.
type staged struct {
	URL       string   `json:"url"`
	Log       string   `json:"log"`       // folder of the fact log
	Resources string   `json:"resources"` // folder of the process driver
	Operator  string   `json:"operator"`  // tokens
	Publisher string   `json:"publisher"`
	Customers []string `json:"customers"`
	Buyer     string   `json:"buyer"`    // e-mail address of the first customer's owner
	Password  string   `json:"password"` // of everybody
}

// Run serves until it is told to stop.
func (c stageCommand) Run(ctx context.Context, w console) (err error) {
	listen, err := demoCommand{Listen: "127.0.0.1:0"}.configuration(c.Data)
	if err != nil {
		return err
	}
	conf, err := config.Load("", append(os.Environ(), "HALLE_DATA="+c.Data, "HALLE_HOME=bench", "HALLE_LISTEN="+listen.Listen, "HALLE_DATABASE="+c.Database,
		"HALLE_PROCESS_MIN_ISOLATION=none", "HALLE_PASSWORD_MEMORY_KIB=8192", "HALLE_PASSWORD_TIME=1"))
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, conf, observe.NewLog(w.err, conf.LogLevel), true, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	defer func() {
		if h.process != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute) // there may be many
			defer cancel()
			err = errors.Join(err, h.process.StopAll(ctx))
		}
	}()
	h.simulated = map[string]provision.Driver{"memory": memory.New(memory.NewEngine(), h.now)}
	if c.CPU != "" {
		f, err := os.Create(c.CPU)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		defer func() { pprof.StopCPUProfile(); err = errors.Join(err, f.Close()) }()
	}
	return c.play(ctx, w, h)
}

func (c stageCommand) play(ctx context.Context, w console, h *house) error {
	cast, err := h.seed(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	up := make(chan string, 1)
	g.Go(func() error { return h.serve(ctx, func(address string) { up <- address }) })
	g.Go(func() error {
		out := staged{Log: filepath.Join(h.conf.Data, "log"), Resources: filepath.Join(h.conf.Data, "resources")}
		select {
		case address := <-up:
			out.URL = "http://" + address
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.furnish(ctx, h, cast, &out); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
		return json.NewEncoder(w.out).Encode(out)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// furnish brings the offers, the customers and a token for each who takes part.
func (c stageCommand) furnish(ctx context.Context, h *house, cast cast, out *staged) (err error) {
	clouds, err := stageFiles.ReadFile("stage/clouds.yaml")
	if err != nil {
		return err
	}
	if _, err := h.residency.Import(ctx, cast.operator, clouds); err != nil {
		return err
	}
	if err := stageOffers(ctx, h, cast); err != nil {
		return err
	}
	if out.Operator, err = stageToken(ctx, h, cast.operator); err != nil {
		return err
	}
	if out.Publisher, err = stageToken(ctx, h, cast.alpes); err != nil {
		return err
	}
	out.Buyer, out.Password = "claire@customer-0.example", demoPassword
	for n := range c.Customers {
		buyer, err := h.company(ctx, cast, fmt.Sprintf("Customer %d", n), "FR", "Claire Moreau", fmt.Sprintf("claire@customer-%d.example", n),
			party.Entity{Country: "FR", Address: "1 rue\n75000 Paris"}, party.KindCustomer)
		if err != nil {
			return err
		}
		// An account that never paid may spend little.
		if err := h.db.Tx(ctx, func(tx *store.Tx) error { return h.orders.Paid(tx, buyer.Org) }); err != nil {
			return err
		}
		token, err := stageToken(ctx, h, buyer)
		if err != nil {
			return err
		}
		out.Customers = append(out.Customers, token)
	}
	return nil
}

func stageOffers(ctx context.Context, h *house, cast cast) error {
	broker, err := demoFiles.ReadFile("demo/m2m-broker.yaml")
	if err != nil {
		return err
	}
	memory, err := stageFiles.ReadFile("stage/memory.yaml")
	if err != nil {
		return err
	}
	for _, text := range [][]byte{broker, memory} {
		v, err := h.catalogue.ImportOffer(ctx, cast.alpes, cast.alpes.Org, text)
		if err == nil {
			v, err = h.catalogue.Submit(ctx, cast.alpes, v.ID)
		}
		if err == nil {
			_, err = h.catalogue.Publish(ctx, cast.operator, v.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stageToken makes a token that can do whatever its maker can.
func stageToken(ctx context.Context, h *house, c access.Caller) (string, error) {
	var scopes []string
	for _, g := range access.Grants() {
		scopes = append(scopes, string(g.Action))
	}
	_, secret, err := h.signIns.CreateToken(ctx, c, signin.NewToken{Org: c.Org, Name: "stage", Scopes: scopes})
	return secret, err
}
