"""What comes of every line that can be typed after /prod-access."""

from tests.bot.slack_bench import ASK, Bench, sentence, whisper


def test_a_whole_line_is_asked_at_once(bench: Bench):
    bench.ana.types(ASK, "C0DB")
    message = whisper(bench.ana)
    print(message)
    assert sentence(message).startswith("Asked: prod-db-readonly for 1 h (pa-")
    bench.tell()
    print(bench.card())
    print(bench.ben.clicks("Approve", bench.card())); bench.work(); bench.tell(); print(bench.card().shown, bench.kinds())
