package api

import (
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/trace"
)

// Services are the use cases that the operations call.
type Services struct {
	SignIns *signin.SignIns
	Parties *party.Parties
	Facts   *trace.Facts
	Log     *trace.Log
}

func (s *server) routes() {
}
