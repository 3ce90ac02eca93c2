package remote

// Decode shows what is made of an answer to the fuzz test.
func Decode(status int, body []byte) (version int, err error) {
	a, err := decode("begin", status, body)
	return a.Version, err
}
