"""AWS: one leased IAM role per grant, in the account it is for.

    hub identity ──AssumeRole, external id, source identity──▶ spoke role ──IAM──▶ role/prod-access/…

`leased_role` is the adapter, `documents` the policies it writes, `labels` the signed tags it is found by,
`client` the one place that knows boto3 and its errors.
"""
