"""Azure: a role assignment for a person, through PIM where it is open to us, made directly elsewhere.

                       ┌─ pim      AdminAssign with an end: Azure ends it by itself
    role_assignment ───┤  mode     which of the two, probed and asked again
                       └─ direct   an assignment of a known name: we end it

`client` is the one place that knows the Azure SDKs and their errors, `records` what it answers, `marks` the
signed text our assignments carry, `graph` the look-up of people. Nothing remembers which way a holding was
made: looking and taking away always look at both.
"""
