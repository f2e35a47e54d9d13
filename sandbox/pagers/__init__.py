"""Pagers in miniature: PagerDuty, incident.io, Grafana IRM and JSM Operations, which refuse what they refuse.

One listener serves the four APIs under `/pagerduty`, `/incident-io`, `/grafana` and `/jsm`;
`standin.running` starts it in a thread. `hand.Hand` is what happens there: somebody fires, acknowledges,
resolves, or goes on call. Each deed changes what the APIs answer and makes a delivery for each subscription
of `webhooks.Webhooks` (PagerDuty's and incident.io's), so what is fetched back agrees with what was sent;
`Webhooks.send` sends them. `storm.storm` is a list of PagerDuty's deliveries, good and bad, with what a
receiver must make of them. People and ids are in `organisation`.

Sources: PagerDuty/api-schema and PagerDuty/developer-docs, incident-io/terraform-provider-incident,
https://grafana.com/docs (OnCall API), https://developer.atlassian.com (service-desk-ops). Nothing was
compared with a real pager.
"""
