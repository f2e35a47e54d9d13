"""`prod-access credentials …`: what a person uses a cloud with, made on their machine by their own account.

    commands     what is typed; the ledger is asked first, each time
    aws          a session of the leased role, as the AWS SDKs' `credential_process` wants it
    gcp, azure   a token of the person's own account

prod-access itself makes, sees and sends no credential of any cloud: it says what is live, and nothing more.
"""
