package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// guardChild is the first argument of a child process that dies between the key and the data.
const guardChild = "guard-child"

// guardChildMain makes the keys of a household, says so, and waits for its death before the household is stored.
func guardChildMain(args []string) int {
	ctx := context.Background()
	conf, err := config.Load("", []string{"HALLE_DATA=" + args[0], "HALLE_HOME=demo"})
	if err == nil {
		var h *house
		h, err = openHouse(ctx, conf, slog.New(slog.NewTextHandler(io.Discard, nil)), true, false)
		if err == nil {
			_, err = h.parties.PrepareSignUp(ctx, party.SignUp{Name: "Nobody Yet", Email: "nobody@yet.example", Language: "en", Country: "FR", Market: args[1]})
		}
	}
	fmt.Println("made", err)
	time.Sleep(time.Hour)
	return 1
}

// TestGuardOrphanKeysAreSwept kills a process between the key and the data: the key is an orphan, the sweep destroys it
// and no other, and what was sealed stays readable.
func TestGuardOrphanKeysAreSwept(t *testing.T) {
	l := newLife(t, store.SQLite)
	l.settle()
	l.end()
	l.open(false)
	before := l.living()
	l.must(l.h.close())
	child := exec.Command(os.Args[0], guardChild, l.conf.Data, l.cast.home.ID)
	out, err := child.StdoutPipe()
	l.must(err)
	l.must(child.Start())
	said, _ := bufio.NewReader(out).ReadString('\n')
	l.must(child.Process.Kill())
	_ = child.Wait()
	if said != "made <nil>\n" {
		t.Fatalf("the child said %q", said)
	}
	l.open(false)
	t.Cleanup(func() { l.must(l.h.close()) })
	orphans := slices.DeleteFunc(l.living(), func(ref keys.Ref) bool { return slices.Contains(before, ref) })
	if len(orphans) != 2 {
		t.Fatalf("orphans %v, want a person's and a tenant's key", orphans)
	}
	if n, err := l.h.parties.SweepKeys(t.Context(), time.Now().Add(-party.OrphansAfter)); err != nil || n != 0 {
		t.Errorf("%d young keys were swept, %v", n, err)
	}
	if n, err := l.h.parties.SweepKeys(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 2 {
		t.Errorf("%d keys were swept, %v, want 2", n, err)
	}
	if now := l.living(); !slices.Equal(now, before) {
		t.Errorf("living keys after the sweep: %v, before the crash: %v", now, before)
	}
	members, err := l.h.parties.Members(t.Context(), l.cast.acme, l.cast.acme.Org)
	if err != nil || len(members) != 2 {
		t.Errorf("members after the sweep: %v, %v", members, err)
	}
}

func (l *life) living() (refs []keys.Ref) {
	l.t.Helper()
	all, err := l.h.ring.Refs(l.t.Context(), "", 10_000)
	l.must(err)
	for _, k := range all {
		if k.DestroyedAt.IsZero() {
			refs = append(refs, k.Ref)
		}
	}
	return refs
}

// TestGuardRootKey refuses to start without the root key, with another one, and with one that others may read, and says
// what is to be done.
func TestGuardRootKey(t *testing.T) {
	l := newLife(t, store.SQLite)
	l.end()
	file, safe := l.conf.RootKey, filepath.Join(t.TempDir(), "root.key")
	good, err := os.ReadFile(file)
	l.must(err)
	l.must(os.Rename(file, safe))
	l.refuses("no such file")
	l.must(keys.CreateRoot(file))
	l.refuses("give the right file")
	l.must(os.WriteFile(file, good, 0o600))
	l.must(os.Chmod(file, 0o640))
	l.refuses("chmod 600")
	l.must(os.Chmod(file, 0o600))
	l.open(false)
	l.must(l.h.close())
}

func (l *life) refuses(sentence string) {
	l.t.Helper()
	_, err := openHouse(context.Background(), l.conf, slog.New(slog.NewTextHandler(io.Discard, nil)), true, false)
	if err == nil || !strings.Contains(err.Error(), sentence) {
		l.t.Errorf("opened with %v, want a refusal that says %q", err, sentence)
	}
}

// TestGuardOlderBackups brings back an older log, which is refused, and an older database, which is refused until a person
// accepts the loss, and becomes a fact then.
func TestGuardOlderBackups(t *testing.T) {
	l := newLife(t, store.SQLite)
	l.settle()
	l.end()
	old, fresh := t.TempDir(), t.TempDir()
	l.copyTo(old)
	l.open(false)
	l.serve()
	_, err := l.h.parties.InviteMember(t.Context(), l.cast.acme, party.Invite{Org: l.cast.acme.Org, Email: "x@acme-sante.example", Roles: l.cast.acme.Roles, Language: "en"})
	l.must(err)
	l.settle()
	l.end()
	l.copyTo(fresh)

	l.restore(old, "log")
	l.open(false)
	err = l.h.serve(t.Context(), func(string) { t.Error("serves with a log from an older backup") })
	if err == nil || !strings.Contains(err.Error(), "the log is from an older backup") {
		t.Errorf("an older log: %v", err)
	}
	l.must(l.h.close())

	l.restore(fresh, "log")
	l.restore(old, "halle.db")
	l.open(false)
	err = l.h.serve(t.Context(), func(string) { t.Error("serves with a database from an older backup") })
	if err == nil || !strings.Contains(err.Error(), "halle log accept") {
		t.Errorf("an older database: %v", err)
	}
	l.must(l.h.close())
	l.open(false)
	if lost, err := l.h.acceptLoss(t.Context(), "the disk broke"); err != nil || len(lost) == 0 {
		t.Fatalf("lost %v, %v", lost, err)
	}
	l.must(l.h.close())
	l.open(false)
	l.serve()
	l.settle()
	list, err := l.h.facts.About(t.Context(), l.cast.operator.Org, "log")
	if err != nil || len(list) != 1 || list[0].Type != trace.FactLogRecovered {
		t.Errorf("facts about the log: %+v, %v", list, err)
	}
}

func (l *life) copyTo(folder string) {
	l.t.Helper()
	l.must(os.CopyFS(folder, os.DirFS(l.conf.Data)))
}

// restore brings a file or folder of a copy back.
func (l *life) restore(from, name string) {
	l.t.Helper()
	to := filepath.Join(l.conf.Data, name)
	for _, gone := range []string{to, to + "-wal", to + "-shm"} {
		l.must(os.RemoveAll(gone))
	}
	info, err := os.Stat(filepath.Join(from, name))
	l.must(err)
	if info.IsDir() {
		l.must(os.CopyFS(to, os.DirFS(filepath.Join(from, name))))
		return
	}
	b, err := os.ReadFile(filepath.Join(from, name))
	l.must(err)
	l.must(os.WriteFile(to, b, 0o600))
}
