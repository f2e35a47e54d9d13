"""The web API: what people's own terminals and their pagers speak with, JSON over HTTPS.

server       gunicorn around it, one process that forks
wiring       its parts: ledger, policy, bells; no Slack token, no cloud credential
settings     where it listens
app          routes, and what becomes of an error
arriving     calls are read as they come, and no thread waits for one
bodies       reading what was sent: size, shape, token
callers      who sent it: from where, as whom, and whether too often
shapes       what is sent and answered
logging_in, asking, access
             the resources of people's terminals
paging       that of pagers, which sign what they send
duty         who is on call, asked by way of the ledger
pace         how often one caller may call
words        what a terminal reads
"""
