-- What all migrations lead to, on both engines. Written by: go test ./cmd/halle -run TestGuardSchema -update

-- main
api_token index api_token_org
api_token index api_token_secret
api_token.created_at text not null
api_token.created_by text not null
api_token.expires_at text not null
api_token.id text not null
api_token.name text not null
api_token.org text not null
api_token.revoked_at text
api_token.roles text not null
api_token.scopes text not null
api_token.secret_hash blob not null
api_token.subject text not null
api_token.used_at text
attempt.key blob not null
attempt.started_at text not null
attempt.tries integer not null
availability.condition text not null
availability.detail text not null
availability.from_at text not null
availability.resource text not null
availability.to_at text
bank_entry index bank_entry_key
bank_entry index bank_entry_state
bank_entry.amount integer not null
bank_entry.code text not null
bank_entry.created_at text not null
bank_entry.credit integer not null
bank_entry.currency text not null
bank_entry.date text not null
bank_entry.debit text not null
bank_entry.decided_at text
bank_entry.decided_by text not null
bank_entry.end_to_end text not null
bank_entry.entity text not null
bank_entry.file text not null
bank_entry.id text not null
bank_entry.kept integer not null
bank_entry.key text not null
bank_entry.org text not null
bank_entry.reference text not null
bank_entry.sealed blob not null
bank_entry.state text not null
bank_entry.why text not null
bank_file index bank_file_digest
bank_file index bank_file_org
bank_file.actor text not null
bank_file.desk integer not null
bank_file.digest text not null
bank_file.entity text not null
bank_file.entries integer not null
bank_file.failed integer not null
bank_file.fresh integer not null
bank_file.id text not null
bank_file.imported_at text not null
bank_file.kind text not null
bank_file.matched integer not null
bank_file.name text not null
bank_file.org text not null
bank_part index bank_part_invoice
bank_part.amount integer not null
bank_part.entry text not null
bank_part.invoice text not null
bank_part.org text not null
bill_data.buyer_reference text not null
bill_data.changed_at text not null
bill_data.cost_centre text not null
bill_data.cost_tag text not null
bill_data.org text not null
bill_data.purchase_order text not null
bill_data.version integer not null
billing_mode.actor text not null
billing_mode.market text not null
billing_mode.mode text not null
billing_mode.set_at text not null
billing_mode.system text not null
books_export.actor text not null
books_export.org text not null
books_export.set_at text not null
books_export.settings text not null
budget index budget_changed
budget index budget_scope
budget index budget_turn
budget.action text not null
budget.amount integer not null
budget.capped text not null
budget.capped_at text
budget.changed_at text not null
budget.created_at text not null
budget.currency text not null
budget.etag integer not null
budget.id text not null
budget.org text not null
budget.path text not null
budget.period text not null
budget.reserved integer not null
budget.state text not null
budget.subscription text not null
budget.tag text not null
budget.thresholds text not null
budget.until_at text not null
budget.used integer not null
budget.zone text not null
budget_cost.budget text not null
budget_cost.fixed integer not null
budget_cost.period text not null
budget_cost.subscription text not null
budget_cost.usage integer not null
budget_day.budget text not null
budget_day.day text not null
budget_day.usage integer not null
budget_notice.at text not null
budget_notice.budget text not null
budget_notice.mark integer not null
budget_notice.time text not null
budget_stop index budget_stop_subscription
budget_stop.budget text not null
budget_stop.subscription text not null
charge index charge_invoice
charge index charge_open
charge index charge_source
charge index charge_time
charge.before integer not null
charge.component text not null
charge.correction integer not null
charge.created_at text not null
charge.exact text not null
charge.from_at text not null
charge.id text not null
charge.invoice text
charge.org text not null
charge.period_from text
charge.period_to text
charge.price_hash text not null
charge.quantity integer not null
charge.source text not null
charge.source_fact text not null
charge.subscription text not null
charge.to_at text not null
charge_change index charge_change_amount
charge_change index charge_change_quantity
charge_change.amount integer not null
charge_change.amount_before integer not null
charge_change.amount_change integer not null
charge_change.currency text not null
charge_change.kind text not null
charge_change.month text not null
charge_change.name text not null
charge_change.part text not null
charge_change.path text not null
charge_change.quantity integer not null
charge_change.quantity_before integer not null
charge_change.quantity_change integer not null
charge_change.subject text not null
collect_account.bic text not null
collect_account.changed_at text not null
collect_account.creditor text not null
collect_account.entity text not null
collect_account.iban text not null
collect_account.notice_days integer not null
collect_account.org text not null
collect_account.version text not null
collect_credit.amount integer not null
collect_credit.currency text not null
collect_credit.entity text not null
collect_credit.org text not null
collect_credit_move index collect_credit_move_org
collect_credit_move.actor text not null
collect_credit_move.amount integer not null
collect_credit_move.at text not null
collect_credit_move.currency text not null
collect_credit_move.entity text not null
collect_credit_move.entry text not null
collect_credit_move.id text not null
collect_credit_move.invoice text not null
collect_credit_move.org text not null
collect_debit index collect_debit_collection
collect_debit index collect_debit_end_to_end
collect_debit index collect_debit_invoice
collect_debit index collect_debit_living
collect_debit index collect_debit_mandate
collect_debit index collect_debit_org
collect_debit.amount integer not null
collect_debit.changed_at text not null
collect_debit.code text not null
collect_debit.collection text not null
collect_debit.created_at text not null
collect_debit.due text not null
collect_debit.end_to_end text not null
collect_debit.entity text not null
collect_debit.id text not null
collect_debit.invoice text not null
collect_debit.mandate text not null
collect_debit.org text not null
collect_debit.sequence text not null
collect_debit.state text not null
collection index collection_entity
collection index collection_message
collection.actor text not null
collection.count integer not null
collection.created_at text not null
collection.edition integer not null
collection.entity text not null
collection.handed_at text
collection.handed_by text not null
collection.id text not null
collection.message text not null
collection.org text not null
collection.state text not null
collection.taken integer not null
collection.total integer not null
copy index copy_org
copy index copy_path
copy index copy_region
copy index copy_resource
copy index copy_subscription
copy.actor text not null
copy.bytes integer not null
copy.changed_at text not null
copy.city text not null
copy.class text not null
copy.country text not null
copy.driver text not null
copy.first_at text not null
copy.id text not null
copy.keeper text not null
copy.kind text not null
copy.made_at text
copy.market text not null
copy.name text not null
copy.object text not null
copy.offer_version text not null
copy.org text not null
copy.org_path text not null
copy.part integer not null
copy.publisher text not null
copy.region text not null
copy.resource text not null
copy.state text not null
copy.subscription text not null
copy_incident index copy_incident_copy
copy_incident index copy_incident_path
copy_incident.actor text not null
copy_incident.closed_at text
copy_incident.copy text not null
copy_incident.how text not null
copy_incident.id text not null
copy_incident.kind text not null
copy_incident.note text not null
copy_incident.opened_at text not null
copy_incident.org text not null
copy_incident.org_path text not null
copy_look.complete integer not null
copy_look.driver text not null
copy_look.failed_at text
copy_look.failure text not null
copy_look.found integer not null
copy_look.looked_at text not null
copy_look.region text not null
credential.created_at text not null
credential.kind text not null
credential.name text not null
credential.person text not null
credential.secret text not null
customer_order index customer_order_org
customer_order index customer_order_path
customer_order.approver text not null
customer_order.confirmed_at text
customer_order.created_at text not null
customer_order.doc blob not null
customer_order.ended_at text
customer_order.etag integer not null
customer_order.id text not null
customer_order.org text not null
customer_order.path text not null
customer_order.reason text not null
customer_order.released_at text
customer_order.requester text not null
customer_order.state text not null
customer_order.withdrawn integer not null
drift_run.closed integer not null
drift_run.copies integer not null
drift_run.distinct_n integer not null
drift_run.id integer not null
drift_run.judged_at text not null
drift_run.opened integer not null
drift_run.took_ms integer not null
dunning_case index dunning_case_open
dunning_case index dunning_case_org
dunning_case.at text not null
dunning_case.entity text not null
dunning_case.invoice text not null
dunning_case.kind text not null
dunning_case.org text not null
dunning_case.state text not null
dunning_case.step integer not null
dunning_plan.actor text not null
dunning_plan.created_at text not null
dunning_plan.from_day text not null
dunning_plan.market text not null
dunning_plan.steps text not null
dunning_stop index dunning_stop_subscription
dunning_stop.invoice text not null
dunning_stop.subscription text not null
fact.actor text not null
fact.aggregate text not null
fact.at text not null
fact.head_root blob not null
fact.id text not null
fact.machine blob not null
fact.machine_root blob not null
fact.owner text not null
fact.parties text not null
fact.root blob not null
fact.type text not null
fact.version integer not null
fact_counter.n integer not null
fact_counter.name text not null
fact_leaf index fact_leaf_position
fact_leaf.leaf blob not null
fact_leaf.leaf_no integer not null
fact_leaf.party text not null
fact_leaf.position integer not null
fact_leaf.seq integer not null
fact_lost index fact_lost_party
fact_lost.leaf blob not null
fact_lost.leaf_no integer not null
fact_lost.party text not null
fact_lost.seq integer not null
fact_lost.year text not null
fact_parked index fact_parked_key
fact_parked.attempts integer not null
fact_parked.error text not null
fact_parked.key text not null
fact_parked.next_at text not null
fact_parked.position integer not null
fact_parked.reader text not null
fact_pending.fact text not null
fact_position.fact text not null
fact_position.position integer not null
fact_reader.name text not null
fact_reader.position integer not null
fact_segment index fact_segment_owner
fact_segment.class text not null
fact_segment.fact text not null
fact_segment.no integer not null
fact_segment.owner text not null
fact_segment.root blob not null
fact_segment.sealed blob not null
fact_segment.until_at text
fact_version.aggregate text not null
fact_version.version integer not null
handover_batch index handover_batch_number
handover_batch.actor text not null
handover_batch.id text not null
handover_batch.lines integer not null
handover_batch.made_at text not null
handover_batch.market text not null
handover_batch.number integer not null
handover_batch.org text not null
handover_line index handover_line_batch
handover_line index handover_line_market
handover_line.attempt integer not null
handover_line.batch text not null
handover_line.bill text not null
handover_line.billed integer not null
handover_line.currency text not null
handover_line.document text not null
handover_line.id text not null
handover_line.line integer not null
handover_line.market text not null
handover_line.net integer not null
handover_line.org text not null
handover_line.reason text not null
handover_line.state text not null
invitation index invitation_org
invitation index invitation_secret
invitation.accepted_at text
invitation.created_at text not null
invitation.email_hash blob not null
invitation.email_sealed blob not null
invitation.expires_at text not null
invitation.id text not null
invitation.invited_by text not null
invitation.language text not null
invitation.org text not null
invitation.person text not null
invitation.roles text not null
invitation.secret_hash blob not null
invitation.withdrawn_at text
invoice index invoice_credits
invoice index invoice_date
invoice index invoice_number
invoice index invoice_org
invoice index invoice_status
invoice.credited integer not null
invoice.credited_by text
invoice.credits text
invoice.currency text not null
invoice.date text not null
invoice.document blob not null
invoice.due text not null
invoice.entity text not null
invoice.fact text not null
invoice.gross integer not null
invoice.hash text not null
invoice.id text not null
invoice.issued_at text not null
invoice.lines integer not null
invoice.net integer not null
invoice.number text not null
invoice.org text not null
invoice.paid integer not null
invoice.previous text not null
invoice.retain_until text not null
invoice.series text not null
invoice.status text not null
invoice.type text not null
invoice.vat integer not null
invoice_part.invoice text not null
invoice_part.lines blob not null
invoice_part.no integer not null
invoice_series.entity text not null
invoice_series.hash text not null
invoice_series.last integer not null
invoice_series.series text not null
invoice_series.year integer not null
job index job_due
job index job_kind_key
job.again_at text
job.attempt integer not null
job.created_at text not null
job.deadline text
job.due_at text
job.fence integer not null
job.holder text not null
job.id text not null
job.job_key text not null
job.kind text not null
job.last_error text not null
job.max_attempts integer not null
job.payload blob not null
job.state text not null
lease.held_until text not null
lease.holder text not null
lease.name text not null
ledger_account index ledger_account_currency
ledger_account index ledger_account_key
ledger_account.code text not null
ledger_account.currency text not null
ledger_account.id integer not null
ledger_account.owner text not null
ledger_balance.account integer not null
ledger_balance.credits integer not null
ledger_balance.debits integer not null
ledger_entry index ledger_entry_ref
ledger_entry.date text not null
ledger_entry.digest blob not null
ledger_entry.first integer not null
ledger_entry.hash blob not null
ledger_entry.legs integer not null
ledger_entry.posted_at text not null
ledger_entry.ref_id text not null
ledger_entry.ref_kind text not null
ledger_entry.seq integer not null
ledger_head.accounts integer not null
ledger_head.entries integer not null
ledger_head.hash blob not null
ledger_head.id integer not null
ledger_head.locked text not null
ledger_head.transfers integer not null
ledger_transfer index ledger_transfer_credit
ledger_transfer index ledger_transfer_debit
ledger_transfer.amount integer not null
ledger_transfer.credit integer not null
ledger_transfer.currency text not null
ledger_transfer.debit integer not null
ledger_transfer.entry integer not null
ledger_transfer.id integer not null
ledger_transfer.line integer not null
legal_entity index legal_entity_org
legal_entity.address text not null
legal_entity.controlled_from text not null
legal_entity.country text not null
legal_entity.details_sealed blob
legal_entity.id text not null
legal_entity.name text not null
legal_entity.org text not null
legal_entity.registration text not null
legal_entity.rounding text not null
legal_entity.vat_id text not null
legal_entity.version integer not null
licence index licence_ending
licence index licence_number
licence index licence_subscription
licence.changed_at text not null
licence.created_at text not null
licence.decided_by text not null
licence.declared_by text not null
licence.document text not null
licence.etag integer not null
licence.id text not null
licence.kind text not null
licence.note text not null
licence.number blob
licence.number_mac blob
licence.reference text not null
licence.seats integer not null
licence.state text not null
licence.subscription text not null
licence.told integer not null
licence.told_at text
licence.valid_from text not null
licence.valid_to text
licence_lease index licence_lease_key
licence_lease index licence_lease_until
licence_lease.device text not null
licence_lease.from_at text not null
licence_lease.holder text not null
licence_lease.hours integer not null
licence_lease.id text not null
licence_lease.key text not null
licence_lease.subscription text not null
licence_lease.until_at text not null
licence_month.capacity integer not null
licence_month.month text not null
licence_month.peak integer not null
licence_month.refused integer not null
licence_month.subscription text not null
licence_month.taken integer not null
licence_pool index licence_pool_org
licence_pool index licence_pool_publisher
licence_pool.capacity integer not null
licence_pool.due_at text not null
licence_pool.etag integer not null
licence_pool.item text not null
licence_pool.name text not null
licence_pool.org text not null
licence_pool.path text not null
licence_pool.plan text not null
licence_pool.publisher text not null
licence_pool.settled_at text not null
licence_pool.started_at text not null
licence_pool.state text not null
licence_pool.subscription text not null
licence_pool.terms blob not null
licence_pool.turn integer not null
licence_pool.until_at text
licence_pool.zone text not null
licence_seat index licence_seat_person
licence_seat.no integer not null
licence_seat.person text not null
licence_seat.since_at text not null
licence_seat.subscription text not null
licence_seat.was text not null
mail index mail_person
mail.attempts integer not null
mail.created_at text not null
mail.error text not null
mail.given_up_at text
mail.id text not null
mail.kind text not null
mail.person text not null
mail.sealed blob
mail.sent_at text
mandate index mandate_active
mandate index mandate_idle
mandate index mandate_org
mandate index mandate_reference
mandate.channel text not null
mandate.created_at text not null
mandate.ended_at text
mandate.entity text not null
mandate.etag integer not null
mandate.holder text not null
mandate.id text not null
mandate.lang text not null
mandate.org text not null
mandate.path text not null
mandate.reference text not null
mandate.sealed blob not null
mandate.signed text not null
mandate.signer text not null
mandate.state text not null
mandate.text_hash text not null
mandate.used integer not null
mandate.used_at text not null
mandate.why text not null
market index market_domain
market.brand text not null
market.country text not null
market.currency text not null
market.domain text not null
market.entity text not null
market.first_limit integer not null
market.id text not null
market.languages text not null
market.month_close text not null
market.name text not null
market.org text not null
market.sells_to text not null
market.vat_mode text not null
market.version integer not null
membership index membership_person
membership.joined_at text not null
membership.left_at text
membership.org text not null
membership.person text not null
membership_role.org text not null
membership_role.person text not null
membership_role.role text not null
membership_role.since text not null
meter_decision index meter_decision_open
meter_decision.decided_at text not null
meter_decision.held text not null
meter_decision.id text not null
meter_decision.kind text not null
meter_decision.publisher text not null
meter_decision.state text not null
meter_decision.tenant text not null
meter_dispute index meter_dispute_open
meter_dispute index meter_dispute_publisher
meter_dispute index meter_dispute_tenant
meter_dispute index meter_dispute_window
meter_dispute.answer text not null
meter_dispute.changed_at text not null
meter_dispute.id text not null
meter_dispute.opened_at text not null
meter_dispute.publisher text not null
meter_dispute.reason text not null
meter_dispute.source text not null
meter_dispute.state text not null
meter_dispute.subject text not null
meter_dispute.tenant text not null
meter_dispute.window_id text not null
meter_dispute_event.claim text not null
meter_dispute_event.dispute text not null
meter_dispute_event.event blob not null
meter_dispute_event.event_id text not null
meter_dispute_event.outcome text not null
meter_dispute_event.place integer not null
meter_subject index meter_subject_dirty
meter_subject index meter_subject_tenant
meter_subject.complete integer not null
meter_subject.dirty integer not null
meter_subject.ended_at text
meter_subject.id text not null
meter_subject.publisher text not null
meter_subject.tenant text not null
meter_subject.terms blob not null
meter_use.events blob not null
meter_use.id text not null
meter_use.publisher text not null
meter_use.subject text not null
meter_window index meter_window_position
meter_window index meter_window_publisher
meter_window index meter_window_subject
meter_window index meter_window_time
meter_window.closed_at text not null
meter_window.corrects text not null
meter_window.digest blob not null
meter_window.events integer not null
meter_window.from_at text not null
meter_window.id text not null
meter_window.kind text not null
meter_window.position integer not null
meter_window.publisher text not null
meter_window.source text not null
meter_window.subject text not null
meter_window.sums blob not null
meter_window.tenant text not null
meter_window.to_at text not null
month_close index month_close_org
month_close index month_close_running
month_close.approved_at text
month_close.approver text not null
month_close.began_at text not null
month_close.ended_at text
month_close.id text not null
month_close.month text not null
month_close.org text not null
month_close.prepared_at text
month_close.preparer text not null
month_close.round integer not null
month_close.state text not null
month_close.summary text not null
month_close_item index month_close_item_rank
month_close_item index month_close_item_state
month_close_item.before text not null
month_close_item.close text not null
month_close_item.expected text not null
month_close_item.failure text not null
month_close_item.flags text not null
month_close_item.invoices text not null
month_close_item.mails integer not null
month_close_item.org text not null
month_close_item.rank integer not null
month_close_item.round integer not null
month_close_item.state text not null
offer index offer_key
offer index offer_publisher
offer.created_at text not null
offer.current text
offer.id text not null
offer.key text not null
offer.latest integer not null
offer.path text not null
offer.publisher text not null
offer_family.family text not null
offer_family.offer text not null
offer_text.body text not null
offer_text.language text not null
offer_text.offer text not null
offer_version index offer_version_state
offer_version.content blob not null
offer_version.created_at text not null
offer_version.etag integer not null
offer_version.hash text not null
offer_version.id text not null
offer_version.note text not null
offer_version.number integer not null
offer_version.offer text not null
offer_version.path text not null
offer_version.published_at text
offer_version.publisher text not null
offer_version.state text not null
offer_version.submitted_at text
offer_version.withdrawn_at text
one_time index one_time_person
one_time.expires_at text not null
one_time.kind text not null
one_time.person text not null
one_time.secret_hash blob not null
one_time.used_at text
operation index operation_phase
operation index operation_resource
operation.action text not null
operation.attempt integer not null
operation.begun integer not null
operation.cancelling integer not null
operation.deadline text not null
operation.ended_at text
operation.failure text
operation.generation integer not null
operation.handle blob
operation.id text not null
operation.input blob
operation.item text not null
operation.leftovers text
operation.message text not null
operation.need text
operation.percent integer not null
operation.phase text not null
operation.resource text not null
operation.spec blob not null
operation.started_at text not null
order_account.org text not null
order_account.paid_at text not null
order_budget index order_budget_org
order_budget.budget text not null
order_budget.currency text not null
order_budget.max integer not null
order_budget.org text not null
order_budget.room integer not null
order_budget.subscription text not null
order_budget.until_at text not null
order_budget_service.budget text not null
order_budget_service.subscription text not null
order_item index order_item_no
order_item index order_item_subscription
order_item.action text not null
order_item.created_at text not null
order_item.ended_at text
order_item.etag integer not null
order_item.id text not null
order_item.no integer not null
order_item.order_id text not null
order_item.org text not null
order_item.outcome blob
order_item.placed_at text
order_item.placement text not null
order_item.state text not null
order_item.subscription text not null
order_item.terms blob not null
order_key.at text not null
order_key.body text not null
order_key.key text not null
order_key.order_id text not null
order_key.org text not null
order_limit.committed integer not null
order_limit.dimension text not null
order_limit.max integer not null
order_limit.org text not null
order_limit.period text not null
order_limit.reserved integer not null
order_limit.spent integer not null
order_reservation.amount integer not null
order_reservation.commits integer not null
order_reservation.dimension text not null
order_reservation.item text not null
order_reservation.org text not null
order_rule.above integer not null
order_rule.currency text not null
order_rule.org text not null
order_subscription.busy text
order_subscription.currency text not null
order_subscription.ended integer not null
order_subscription.id text not null
order_subscription.item text not null
order_subscription.live integer not null
order_subscription.org text not null
order_subscription.path text not null
order_subscription.recurring integer not null
organisation index organisation_path
organisation.country text not null
organisation.created_at text not null
organisation.entity text not null
organisation.form text not null
organisation.head text
organisation.id text not null
organisation.kinds text not null
organisation.language text not null
organisation.market text not null
organisation.name text not null
organisation.name_sealed blob
organisation.parent text
organisation.path text not null
organisation.version integer not null
orphan.driver text not null
orphan.object text not null
orphan.seen_at text not null
orphan.target text not null
payment index payment_reference
payment.actor text not null
payment.amount integer not null
payment.currency text not null
payment.id text not null
payment.invoice text not null
payment.org text not null
payment.received text not null
payment.recorded_at text not null
payment.reference text not null
payout_item index payout_item_end_to_end
payout_item index payout_item_run
payout_item.end_to_end text not null
payout_item.payee text not null
payout_item.payout text not null
payout_item.run text not null
payout_payee index payout_payee_publisher
payout_payee.approved_at text
payout_payee.approved_by text not null
payout_payee.created_at text not null
payout_payee.created_by text not null
payout_payee.dropped_at text
payout_payee.dropped_by text not null
payout_payee.entity text not null
payout_payee.id text not null
payout_payee.publisher text not null
payout_payee.sealed blob not null
payout_payee.usable_from text not null
payout_run index payout_run_message
payout_run index payout_run_org
payout_run.approved_at text
payout_run.approved_by text not null
payout_run.count integer not null
payout_run.created_at text not null
payout_run.created_by text not null
payout_run.entity text not null
payout_run.handed_at text
payout_run.handed_by text not null
payout_run.id text not null
payout_run.message text not null
payout_run.org text not null
payout_run.pays_on text not null
payout_run.state text not null
payout_run.total integer not null
person index person_email
person.confirmed_at text
person.contact_sealed blob not null
person.created_at text not null
person.email_hash blob
person.home text not null
person.id text not null
person.language text not null
person.version integer not null
placement_decision index placement_decision_order
placement_decision index placement_decision_region
placement_decision.attempt integer not null
placement_decision.created_at text not null
placement_decision.facts_hash text not null
placement_decision.id text not null
placement_decision.item text not null
placement_decision.order_id text not null
placement_decision.org text not null
placement_decision.org_path text not null
placement_decision.policy_hash text not null
placement_decision.publisher text not null
placement_decision.region text not null
placement_decision.request blob not null
placement_decision.result blob not null
placement_decision.rules_hash text not null
placement_hold.decision text not null
placement_hold.region text not null
placement_hold.subscription text not null
placement_hold.units integer not null
placement_item.body blob not null
placement_item.item text not null
placement_item.org text not null
quote index quote_org
quote.created_at text not null
quote.doc blob not null
quote.expires_at text not null
quote.id text not null
quote.order_id text
quote.org text not null
quote.path text not null
rating_closing.created_at text not null
rating_closing.every text not null
rating_closing.invoice text not null
rating_closing.period_from text not null
rating_closing.period_to text not null
rating_closing.price_hash text not null
rating_closing.seq integer not null
rating_closing.state blob not null
rating_closing.subscription text not null
rating_contract index rating_contract_org
rating_contract.activated_at text not null
rating_contract.anchor text not null
rating_contract.charged_to text not null
rating_contract.complete integer not null
rating_contract.currency text not null
rating_contract.ended_at text
rating_contract.ended_fact text not null
rating_contract.exact text not null
rating_contract.market text not null
rating_contract.name text not null
rating_contract.org text not null
rating_contract.path text not null
rating_contract.publisher text not null
rating_contract.raised integer not null
rating_contract.seller text not null
rating_contract.subscription text not null
rating_contract.waived integer not null
rating_contract.zone text not null
rating_interval.fact text not null
rating_interval.from_at text not null
rating_interval.held integer not null
rating_interval.name text not null
rating_interval.plan text not null
rating_interval.price_hash text not null
rating_interval.seq integer not null
rating_interval.subscription text not null
rating_price.body blob not null
rating_price.hash text not null
rating_total.charged integer not null
rating_total.component text not null
rating_total.period_from text not null
rating_total.price_hash text not null
rating_total.subscription text not null
rating_window.id text not null
rating_window.subscription text not null
region_capacity.capacity integer not null
region_capacity.region text not null
region_capacity.used integer not null
remedy index remedy_org
remedy index remedy_path
remedy.active text
remedy.actor text not null
remedy.by_own integer not null
remedy.class text not null
remedy.closed_at text
remedy.copies integer not null
remedy.deadline text not null
remedy.facts_hash text not null
remedy.id text not null
remedy.market text not null
remedy.note text not null
remedy.offer_version text not null
remedy.opened_at text not null
remedy.org text not null
remedy.org_path text not null
remedy.publisher text not null
remedy.reasons blob not null
remedy.region text not null
remedy.state text not null
remedy.told integer not null
remedy.until_at text
residency_facts.body blob not null
residency_facts.hash text not null
residency_facts_version.actor text not null
residency_facts_version.created_at text not null
residency_facts_version.hash text not null
residency_facts_version.version integer not null
residency_policy.actor text not null
residency_policy.created_at text not null
residency_policy.layer blob not null
residency_policy.scope text not null
residency_policy.version integer not null
residency_policy_body.body blob not null
residency_policy_body.hash text not null
residency_proposal index residency_proposal_org
residency_proposal.body blob not null
residency_proposal.created_at text not null
residency_proposal.decided_at text
residency_proposal.decider text not null
residency_proposal.id text not null
residency_proposal.kind text not null
residency_proposal.org text not null
residency_proposal.path text not null
residency_proposal.reason text not null
residency_proposal.requester text not null
residency_proposal.scope text not null
residency_proposal.state text not null
resource index resource_item
resource index resource_org
resource index resource_state
resource index resource_subscription
resource.applied integer not null
resource.cancels text not null
resource.condition text not null
resource.created_at text not null
resource.decision text not null
resource.delete_owed integer not null
resource.desired text not null
resource.driver text not null
resource.generation integer not null
resource.id text not null
resource.item text not null
resource.kind text not null
resource.offer_version text not null
resource.order_id text not null
resource.org text not null
resource.org_path text not null
resource.outputs text
resource.plan text not null
resource.publisher text not null
resource.region text not null
resource.secrets blob
resource.since text not null
resource.spec blob not null
resource.state text not null
resource.subscription text not null
resource.target text not null
resource.token text not null
schema_migration.applied_at text not null
schema_migration.hash text not null
schema_migration.name text not null
schema_migration.package text not null
session index session_person
session index session_secret
session.country text not null
session.created_at text not null
session.ended_at text
session.ends_at text not null
session.id text not null
session.method text not null
session.on_behalf_of text not null
session.org text not null
session.origin_sealed blob not null
session.person text not null
session.purpose text not null
session.secret_hash blob not null
session.seen_at text not null
settlement_dispute index settlement_dispute_subscription
settlement_dispute.dispute text not null
settlement_dispute.open integer not null
settlement_dispute.subscription text not null
settlement_dispute.usage_window text not null
settlement_hold index settlement_hold_dispute
settlement_hold index settlement_hold_publisher
settlement_hold index settlement_hold_until
settlement_hold.amount integer not null
settlement_hold.currency text not null
settlement_hold.date text not null
settlement_hold.dispute text not null
settlement_hold.document text not null
settlement_hold.held_in text not null
settlement_hold.id text not null
settlement_hold.line integer not null
settlement_hold.publisher text not null
settlement_hold.released text not null
settlement_hold.released_in text not null
settlement_hold.until text not null
settlement_line index settlement_line_open
settlement_line index settlement_line_origin
settlement_line index settlement_line_publisher
settlement_line.component text not null
settlement_line.currency text not null
settlement_line.customer text not null
settlement_line.date text not null
settlement_line.document text not null
settlement_line.kept integer not null
settlement_line.line integer not null
settlement_line.market text not null
settlement_line.mode text not null
settlement_line.name text not null
settlement_line.net integer not null
settlement_line.offer text not null
settlement_line.origin text not null
settlement_line.origin_line integer not null
settlement_line.passed_on text not null
settlement_line.publisher text not null
settlement_line.resellers integer not null
settlement_line.rule text not null
settlement_line.share integer not null
settlement_line.statement text not null
settlement_line.subscription text not null
settlement_line.tax integer not null
settlement_payout index settlement_payout_publisher
settlement_payout index settlement_payout_state
settlement_payout.actor text not null
settlement_payout.amount integer not null
settlement_payout.code text not null
settlement_payout.currency text not null
settlement_payout.done text not null
settlement_payout.id text not null
settlement_payout.ordered text not null
settlement_payout.publisher text not null
settlement_payout.reference text not null
settlement_payout.run text not null
settlement_payout.state text not null
settlement_rule index settlement_rule_number
settlement_rule.actor text not null
settlement_rule.created_at text not null
settlement_rule.from_date text not null
settlement_rule.id text not null
settlement_rule.market text not null
settlement_rule.number integer not null
settlement_rule.offer text not null
settlement_rule.publisher text not null
settlement_rule.terms text not null
settlement_series.hash text not null
settlement_series.last integer not null
settlement_series.publisher text not null
settlement_series.series text not null
settlement_series.year integer not null
settlement_statement index settlement_statement_number
settlement_statement index settlement_statement_publisher
settlement_statement.currency text not null
settlement_statement.date text not null
settlement_statement.document blob not null
settlement_statement.hash text not null
settlement_statement.held integer not null
settlement_statement.id text not null
settlement_statement.net integer not null
settlement_statement.number text not null
settlement_statement.payable integer not null
settlement_statement.publisher text not null
settlement_statement.released integer not null
settlement_statement.share integer not null
settlement_statement.through text not null
settlement_statement.type text not null
settlement_statement.vat integer not null
subscription index subscription_org
subscription index subscription_path
subscription index subscription_publisher
subscription.activated_at text
subscription.cancelled_at text
subscription.condition text not null
subscription.created_at text not null
subscription.deal blob not null
subscription.ended_at text
subscription.ending text not null
subscription.etag integer not null
subscription.id text not null
subscription.order_id text not null
subscription.org text not null
subscription.outputs text not null
subscription.owed text not null
subscription.path text not null
subscription.publisher text not null
subscription.reasons text not null
subscription.region text not null
subscription.resource text not null
subscription.state text not null
subscription.term_until text
subscription.trial_until text
subscription_price.from_at text not null
subscription_price.no integer not null
subscription_price.offer_version text not null
subscription_price.plan text not null
subscription_price.price blob not null
subscription_price.price_hash text not null
subscription_price.price_version text not null
subscription_price.subscription text not null
subscription_price.to_at text
subscription_span.from_at text not null
subscription_span.no integer not null
subscription_span.reasons text not null
subscription_span.state text not null
subscription_span.subscription text not null
subscription_span.to_at text
subscription_tag index subscription_tag_word
subscription_tag.subscription text not null
subscription_tag.tag_key text not null
subscription_tag.tag_value text not null
vat_check index vat_check_desk
vat_check index vat_check_entity
vat_check.actor text not null
vat_check.checked_at text not null
vat_check.code text not null
vat_check.consultation text not null
vat_check.decided_at text
vat_check.decided_by text not null
vat_check.decision text not null
vat_check.desk integer not null
vat_check.entity text not null
vat_check.id text not null
vat_check.note text not null
vat_check.org text not null
vat_check.outcome text not null
vat_check.vat_id text not null

-- keys
lease.held_until text not null
lease.holder text not null
lease.name text not null
root_key.first_used_at text not null
root_key.id text not null
schema_migration.applied_at text not null
schema_migration.hash text not null
schema_migration.name text not null
schema_migration.package text not null
wrapped_key index wrapped_key_unscrubbed
wrapped_key.created_at text not null
wrapped_key.destroyed_at text
wrapped_key.ref text not null
wrapped_key.root text
wrapped_key.scrubbed_at text
wrapped_key.wrapped blob

-- usage
lease.held_until text not null
lease.holder text not null
lease.name text not null
schema_migration.applied_at text not null
schema_migration.hash text not null
schema_migration.name text not null
schema_migration.package text not null
usage_bucket.at integer not null
usage_bucket.events integer not null
usage_bucket.high integer not null
usage_bucket.labels text not null
usage_bucket.low integer not null
usage_bucket.merge text not null
usage_bucket.meter text not null
usage_bucket.start text not null
usage_bucket.subject text not null
usage_correction index usage_correction_window
usage_correction.batch integer not null
usage_correction.from_batch integer not null
usage_correction.from_grid integer not null
usage_correction.from_place integer not null
usage_correction.place integer not null
usage_correction.window_id text not null
usage_items.items integer not null
usage_items.labels text not null
usage_items.meter text not null
usage_items.period_from integer not null
usage_items.subject text not null
usage_offset.closings integer not null
usage_offset.consumed integer not null
usage_offset.log text not null
usage_offset.shard integer not null
usage_offset.ticked_at text
usage_offset.writer text not null
usage_part index usage_part_period
usage_part.labels text not null
usage_part.meter text not null
usage_part.period_from integer not null
usage_part.points blob not null
usage_part.source text not null
usage_part.subject text not null
usage_part.unit text not null
usage_part.window_id text not null
usage_period.labels text not null
usage_period.meter text not null
usage_period.period_from integer not null
usage_period.quantity text not null
usage_period.source text not null
usage_period.subject text not null
usage_period.through integer not null
usage_period.unit text not null
usage_quality index usage_quality_hour
usage_quality.accepted integer not null
usage_quality.duplicates integer not null
usage_quality.held integer not null
usage_quality.hour text not null
usage_quality.lag integer not null
usage_quality.last_at text not null
usage_quality.late integer not null
usage_quality.publisher text not null
usage_quality.source text not null
usage_quality.subject text not null
usage_quality.worst integer not null
usage_quarantine index usage_quarantine_place
usage_quarantine.batch integer not null
usage_quarantine.event_hash blob not null
usage_quarantine.event_id text not null
usage_quarantine.event_key blob not null
usage_quarantine.place integer not null
usage_quarantine.publisher text not null
usage_quarantine.reason text not null
usage_quarantine.received_at text not null
usage_quarantine.source text not null
usage_quarantine.subject text not null
usage_quarantine.tenant text not null
usage_quarantine.times integer not null
usage_source.carried integer not null
usage_source.source text not null
usage_source.subject text not null
usage_source.watermark text
usage_span.batch integer not null
usage_span.positions blob not null
usage_span.window_id text not null
usage_subject.ended_at text
usage_subject.finished integer not null
usage_subject.id text not null
usage_subject.publisher text not null
usage_subject.tenant text not null
usage_subject.terms blob not null
usage_window index usage_window_closing
usage_window index usage_window_grid
usage_window index usage_window_subject
usage_window index usage_window_undigested
usage_window.closed_at text
usage_window.closing integer
usage_window.complete integer not null
usage_window.corrects text not null
usage_window.digest blob
usage_window.events integer not null
usage_window.from_at text not null
usage_window.grid_from integer not null
usage_window.grid_to integer not null
usage_window.id text not null
usage_window.kind text not null
usage_window.life integer not null
usage_window.opened_at text not null
usage_window.source text not null
usage_window.special integer not null
usage_window.subject text not null
usage_window.sums blob not null
usage_window.tenant text not null
usage_window.to_at text not null
