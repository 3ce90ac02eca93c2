package site

import (
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/part"
)

const flashCookie = "notice"

// Notice is what the next page says: a key of the catalogue and its arguments, which must be no personal data. The text
// of "<key>.text" is the second line when the catalogue has it.
type Notice struct {
	Tone part.Tone         `json:"t"`
	Key  string            `json:"k"`
	Args map[string]string `json:"a,omitempty"`
}

// Done is a good notice.
func Done(key string, args ...string) Notice { return note(part.Good, key, args) }

// Told is a notice without judgement.
func Told(key string, args ...string) Notice { return note(part.Accent, key, args) }

// Warned is a notice that asks for attention.
func Warned(key string, args ...string) Notice { return note(part.Warn, key, args) }

func note(tone part.Tone, key string, args []string) Notice {
	n := Notice{Tone: tone, Key: key}
	for i := 0; i+1 < len(args); i += 2 {
		if n.Args == nil {
			n.Args = map[string]string{}
		}
		n.Args[args[i]] = args[i+1]
	}
	return n
}

// Redirect leads to another page of the portal (303), which shows the notice.
func (r *Request) Redirect(to string, notices ...Notice) error {
	if len(notices) > 0 {
		b, err := json.Marshal(notices[0])
		if err != nil {
			return err
		}
		http.SetCookie(r.W, &http.Cookie{Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString(b), Path: "/", MaxAge: 60,
			HttpOnly: true, Secure: r.secure(), SameSite: http.SameSiteLaxMode})
	}
	http.Redirect(r.W, r.Request, to, http.StatusSeeOther)
	return nil
}

// flashes takes the notice that the action before left, once. Only keys of the catalogue are shown, so that a cookie that
// somebody planted says nothing of its own.
func (r *Request) flashes() []flash.Notice {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(r.W, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.secure(), SameSite: http.SameSiteLaxMode})
	var n Notice
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(b, &n) != nil || !r.L.Has(n.Key) {
		return nil
	}
	return []flash.Notice{r.notice(n)}
}

func (r *Request) notice(n Notice) flash.Notice {
	var args []any
	for name, value := range n.Args {
		args = append(args, name, value)
	}
	out := flash.Notice{Tone: n.Tone, Title: r.L.T(n.Key, args...)}
	if key := n.Key + ".text"; r.L.Has(key) {
		out.Text = r.L.T(key, args...)
	}
	return out
}
