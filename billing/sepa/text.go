package sepa

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain tells whether a sign is of the set that every bank takes (EPC217-08, the Latin characters of SWIFT).
func plain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/-?:().,'+ ", r)
}

// latin is what EPC217-08 writes for letters and signs that do not become plain by losing their marks: a letter, an equals
// sign, its Latin text. Bulgarian is the Cyrillic of the area.
var latin = transliteration(`
	Đ=D đ=d Ð=D ð=d Ħ=H ħ=h ı=i ĸ=k Ł=L ł=l Ŀ=L ŀ=l Ŋ=N ŋ=n Ø=O ø=o ß=s ẞ=S Ŧ=T ŧ=t Þ=T þ=t Æ=AE æ=ae Œ=OE œ=oe
	Α=A Β=V Γ=G Δ=D Ε=E Ζ=Z Η=I Θ=TH Ι=I Κ=K Λ=L Μ=M Ν=N Ξ=X Ο=O Π=P Ρ=R Σ=S Τ=T Υ=Y Φ=F Χ=CH Ψ=PS Ω=O
	α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o
	А=A Б=B В=V Г=G Д=D Е=E Ж=ZH З=Z И=I Й=Y К=K Л=L М=M Н=N О=O П=P Р=R С=S Т=T У=U Ф=F Х=H Ц=TS Ч=CH Ш=SH Щ=SHT Ъ=A Ь=Y Ю=YU Я=YA
	а=a б=b в=v г=g д=d е=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h ц=ts ч=ch ш=sh щ=sht ъ=a ь=y ю=yu я=ya
	&=+ _=- –=- —=- ‐=- ‑=- [=( {=( <=( ]=) }=) >=) ’=' ‘=' ´=' "=' “=' ”=' „=' «=' »=' \=/ |=/ …=. !=. ;=, @=(AT) €=EUR`)

func transliteration(table string) map[rune]string {
	all := map[rune]string{}
	for _, pair := range strings.Fields(table) {
		from, to, _ := strings.Cut(pair, "=")
		for _, r := range from {
			all[r] = to
		}
	}
	return all
}

// Text writes text in the signs that every bank takes (EPC217-08): letters lose their marks, Greek and Bulgarian become
// Latin, what nobody can write becomes a point. Spaces are single, and it is cut to limit signs. It does not begin or end
// with a slash nor hold two in a row.
func Text(text string, limit int) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(text) {
		if to, known := latin[r]; known { // й is a letter of its own, so that it is looked up before it loses its mark
			b.WriteString(to)
			continue
		}
		for _, r := range norm.NFD.String(string(r)) {
			switch to, known := latin[r]; {
			case plain(r):
				b.WriteRune(r)
			case known:
				b.WriteString(to)
			case unicode.IsSpace(r):
				b.WriteByte(' ')
			case unicode.Is(unicode.Mn, r) || unicode.IsControl(r):
			default:
				b.WriteByte('.')
			}
		}
	}
	out := strings.Join(strings.Fields(b.String()), " ")
	for strings.Contains(out, "//") {
		out = strings.ReplaceAll(out, "//", "/")
	}
	out = strings.Trim(out, "/ ")
	if len(out) > limit {
		out = strings.TrimRight(out[:limit], "/ ")
	}
	return out
}
