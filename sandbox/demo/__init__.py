"""The demo page: a pretend Slack to type in, the clouds beside it, a clock and faults to play with.

`server` serves the page and `/world/*`; `ports` says what it needs of the world it shows. The page itself
(`page/`: plain HTML, CSS and JavaScript modules, no build step) talks to two HTTP APIs and knows nothing
else: the page API of the Slack stand-in (see `sandbox.slack`) and `/world/*`.
"""
