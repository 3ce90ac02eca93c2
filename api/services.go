package api

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/trace"
)

// Services are the use cases that the operations call.
type Services struct {
	Operator      string // organisation at the root of the tree: the operator's desk is its own
	Policy        *access.Policy
	SignIns       *signin.SignIns
	Parties       *party.Parties
	Residency     *residency.Residency
	Catalogue     *catalog.Catalogue
	Orders        *order.Orders
	Placements    *placement.Placements
	Resources     *provision.Resources
	Subscriptions *subscription.Subscriptions
	Copies        *copies.Register
	Drifts        *drift.Drifts
	Licences      *licence.Licences
	Meters        *meter.Meters
	Ratings       *rating.Ratings
	Budgets       *budget.Budgets
	Invoices      *billing.Invoices
	Closes        *monthclose.Closes
	Collects      *collect.Collects
	Banks         *bank.Banks
	Dunnings      *dunning.Dunnings
	Settlements   *settlement.Settlements
	Payouts       *payout.Payouts
	Exports       *export.Exports
	Handovers     *handover.Handovers
	Facts         *trace.Facts
	Log           *trace.Log
	Jobs          *job.Queue
}

func (s *server) routes() {
	s.sessionRoutes()
	s.accountRoutes()
	s.organisationRoutes()
	s.billRoutes()
	s.vatRoutes()
	s.memberRoutes()
	s.tokenRoutes()
	s.marketRoutes()
	s.shelfRoutes()
	s.offerRoutes()
	s.simulationRoutes()
	s.quoteRoutes()
	s.orderRoutes()
	s.limitRoutes()
	s.budgetRoutes()
	s.licenceRoutes()
	s.serviceRoutes()
	s.manageRoutes()
	s.decisionRoutes()
	s.residencyRoutes()
	s.copyRoutes()
	s.remedyRoutes()
	s.proposalRoutes()
	s.ingestRoutes()
	s.usageRoutes()
	s.chargeRoutes()
	s.changeRoutes()
	s.invoiceRoutes()
	s.closeRoutes()
	s.paymentRoutes()
	s.collectionRoutes()
	s.bankRoutes()
	s.dunningRoutes()
	s.settlementRoutes()
	s.payeeRoutes()
	s.writeOffRoutes()
	s.payoutRunRoutes()
	s.bookRoutes()
	s.exportRoutes()
	s.handOverRoutes()
	s.monthRoutes()
	s.factRoutes()
	s.deskRoutes()
}
