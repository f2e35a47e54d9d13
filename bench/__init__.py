"""What produces every number in docs/performance.md: the product against a floor measured in the same run.

    python -m bench [--quick] [--write] [--home .bench] [MEASURE ...]

A floor is the least that could do the job here and now (a bare Bolt app, a bare RQ worker, calls times
latency over threads), so that a ratio says more than the machine it was taken on. One module per measure:

```
 decision   one decision of the rules           a pass over the same rules
 sweep      a clock's tick, and a claim         the same with ten live grants
 calls      AWS calls for one approval          the same with no live grants
 quiet      one end at a time                   a bare timer and a bare RQ worker
 click      from an approval to AWS             a bare RQ worker
 ends       500 ends due in one second          calls times latency over threads; a bare pool on the stand-in
 processes  start and memory of each process    a bare Python that imports the same SDKs
 ask        a typed line, asked and answered    a bare Bolt app that only acknowledges
```

The first two need nothing but databases. The rest run in one `sandbox.world.World`: the whole product
as its real processes, with a real Redis protocol server, SQLite, and the stand-ins for Slack and AWS; 500
people are added to the example organisation for it. A goal that is missed is said, never hidden, and
fails nothing; the exit code is 1 only when something broke.
"""
