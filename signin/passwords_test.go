package signin

import (
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	for _, bad := range []string{"", "short", "1234567890", "aaaaaaaaaaaaa", "password123", "martin is here", "qwertyuiop", "motdepasse1", strings.Repeat("xy", 501), "nine\xffletters"} {
		if checkPassword(bad, "martin@home.example") == nil {
			t.Errorf("%.20q passes", bad)
		}
	}
	for _, good := range []string{"seven green lamps", "Zwölf Boxkämpfer", "十二只猫在屋顶上唱歌呢"} {
		if err := checkPassword(good, "martin@home.example"); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8::1": "2001:db8::/64", "2001:db8:0:0:ffff::1": "2001:db8::/64",
		"fe80::1%eth0": "fe80::/64", "": "unknown", "x": "unknown", "192.0.2.7:80": "unknown",
	} {
		if got := network(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	for _, s := range []string{"", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43), "$argon2id$v=19$m=4294967295,t=1,p=1$x$y", "$argon2id$v=19$m=-1,t=1,p=1$$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, salt, sum, err := parseHash(s)
		if err == nil && (c.check() != nil || len(salt) < 8 || len(sum) != hashSize) {
			t.Fatalf("%q gives %v %x %x", s, c, salt, sum)
		}
	})
}
