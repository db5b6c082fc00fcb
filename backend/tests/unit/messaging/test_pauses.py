from app.messaging.pauses import growing_pause


def test_pauses_grow_to_five_seconds_and_are_never_the_same_for_all():
    spans = [[growing_pause(failures) for _ in range(200)] for failures in (1, 2, 3, 20, 10_000)]
    for span, longest in zip(spans, (0.1, 0.2, 0.4, 5.0, 5.0), strict=True):
        assert longest / 2 <= min(span) < max(span) <= longest
