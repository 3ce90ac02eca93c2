package tax

import "strings"

func bulgarian(n string) bool {
	if len(n) == 9 {
		rest := weighed(n, 1, 2, 3, 4, 5, 6, 7, 8) % 11
		if rest == 10 {
			rest = weighed(n, 3, 4, 5, 6, 7, 8, 9, 10) % 11 % 10
		}
		return rest == at(n, 8)
	}
	// Natural persons, foreigners, others: each kind has its weights.
	return weighed(n, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == at(n, 9) || weighed(n, 21, 19, 17, 13, 11, 9, 7, 3, 1)%10 == at(n, 9) ||
		elevenLess(weighed(n, 4, 3, 2, 7, 6, 5, 4, 3, 2)) == at(n, 9)
}

func cypriot(n string) bool {
	if strings.HasPrefix(n, "12") {
		return false
	}
	odd := []int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21}
	sum := 0
	for i := range 8 {
		if i%2 == 0 {
			sum += odd[at(n, i)]
		} else {
			sum += at(n, i)
		}
	}
	return byte('A'+sum%26) == n[8]
}

// czech checks companies (eight digits); birth numbers of persons have a check digit since 1954 only.
func czech(n string) bool {
	switch {
	case len(n) == 10:
		return number(n)%11 == 0 || number(n[:9])%11 == 10 && at(n, 9) == 0
	case len(n) == 9 && n[0] != '6':
		return true
	case len(n) == 9: // a person without birth number: 11 less the rest, in a table of its own
		rest := weighed(n[1:], 8, 7, 6, 5, 4, 3, 2) % 11
		return []int{8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8}[(11-rest)%11] == at(n, 8) || []int{8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8}[rest] == at(n, 8)
	}
	return n[0] != '9' && (11-weighed(n, 8, 7, 6, 5, 4, 3, 2)%11)%10 == at(n, 7)
}

func spanish(n string) bool {
	const persons, companies = "TRWAGMYFPDXBNJZSQVHLCKE", "JABCDEFGHI"
	last := n[8]
	switch {
	case n[0] >= '0' && n[0] <= '9':
		return persons[number(n[:8])%23] == last
	case strings.IndexByte("XYZ", n[0]) >= 0:
		return persons[(int(n[0]-'X')*10_000_000+number(n[1:8]))%23] == last
	case strings.IndexByte("KLM", n[0]) >= 0:
		return persons[number(n[1:8])%23] == last || companies[companyDigit(n)] == last
	case strings.IndexByte("ABCDEFGHJNPQRSUVW", n[0]) >= 0:
		digit := companyDigit(n)
		return byte('0'+digit) == last || companies[digit] == last
	}
	return false
}

// companyDigit doubles the first, third … of the seven digits.
func companyDigit(n string) int {
	sum := 0
	for i := range 7 {
		d := at(n, i+1)
		if i%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return (10 - sum%10) % 10
}

// french is twelve, plus three times the SIREN modulo 97, modulo 97 where the key is of digits; others have letters.
func french(n string) bool {
	if n[0] > '9' || n[1] > '9' {
		return true
	}
	return (12+3*(number(n[2:])%97))%97 == number(n[:2])
}

func irish(n string) bool {
	const letters = "WABCDEFGHIJKLMNOPQRSTUV"
	if n[1] > '9' || n[1] < '0' { // before 2013: the second sign is a letter, + or *
		n = "0" + n[2:7] + n[:1] + n[7:]
	}
	sum := weighed(n, 8, 7, 6, 5, 4, 3, 2)
	if len(n) == 9 {
		sum += 9 * int(n[8]-'A'+1)
	}
	return letters[sum%23] == n[7]
}

func lithuanian(n string) bool {
	last := len(n) - 1
	digit := func(start int) int {
		sum := 0
		for i := range last {
			sum += at(n, i) * ((start+i-1)%9 + 1)
		}
		return sum % 11
	}
	rest := digit(1)
	if rest == 10 {
		rest = digit(3) % 10
	}
	return rest == at(n, last)
}

// latvian checks companies; the numbers of persons carry their birthday, or 32 since 2017.
func latvian(n string) bool {
	if n[0] <= '3' {
		return true
	}
	rest := weighed(n[:10], 9, 1, 4, 8, 3, 10, 2, 5, 7, 6) % 11
	switch {
	case rest == 4 && n[0] == '9':
		return false
	case rest == 4:
		return at(n, 10) == 0
	case rest > 4:
		return 14-rest == at(n, 10)
	}
	return 3-rest == at(n, 10)
}

// dutch is modulus 11 over the number of a legal person, or ISO 7064 modulus 97 over all of a sole trader's since 2020.
func dutch(n string) bool {
	if weighed(n[:8], 9, 8, 7, 6, 5, 4, 3, 2)%11 == at(n, 8) {
		return true
	}
	rest := 0
	for _, r := range "2321" + n[:9] + "11" + n[10:] { // NL and B as numbers: A is 10
		rest = (rest*10 + int(r-'0')) % 97
	}
	return rest == 1
}

func romanian(n string) bool {
	n = strings.Repeat("0", 10-len(n)) + n
	return weighed(n, 7, 5, 3, 2, 1, 7, 5, 3, 2)*10%11%10 == at(n, 9)
}

func slovenian(n string) bool {
	rest := 11 - weighed(n, 8, 7, 6, 5, 4, 3, 2)%11
	return rest < 11 && rest%10 == at(n, 7)
}

func british(n string) bool {
	if n[0] > '9' { // government departments and health authorities
		return true
	}
	sum := weighed(n, 8, 7, 6, 5, 4, 3, 2) + number(n[7:9])
	return number(n[:7]) > 0 && (sum%97 == 0 || (sum+55)%97 == 0)
}

// swiss refuses a check digit of ten, which is never given out.
func swiss(n string) bool { return weighed(n, 5, 4, 3, 2, 7, 6, 5, 4)%11 != 1 }
