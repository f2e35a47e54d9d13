"""AWS IAM Identity Center: one permission set in one account, assigned to a person.

    hub identity ──AssumeRole, external id──▶ access role ──sso-admin──▶ permission set ▸ account ▸ user

`account_assignment` is the adapter, `budget` what AWS allows all workers together, `client` the one place
here that knows boto3 and its errors.
"""
