"""Google Cloud: bindings that end by themselves, on projects, folders and organisations.

    worker's service account ──getIamPolicy, setIamPolicy (etag)──▶ allow policy ◀──on each request── person

`conditional_binding` is the adapter, `policy` reads and changes an allow policy, `client` is the one place
that knows Google's SDK and its errors.
"""
