"""An upgrade of MiniStack that moves a function is a clear message, and changes nothing."""

import pytest

from evergreen_engine import patching
from evergreen_engine.patching import (
    UpstreamChanged,
    apply_replacements,
    replaces,
    require_attributes,
)


@pytest.fixture
def declared(monkeypatch):
    monkeypatch.setattr(patching, "_declared", [])


def test_a_replacement_wraps_the_upstream_function(declared, monkeypatch):
    import textwrap

    monkeypatch.setattr(textwrap, "dedent", textwrap.dedent)

    @replaces("textwrap:dedent")
    def _shout(upstream):
        def dedent(text):
            return upstream(text).upper()

        return dedent

    assert apply_replacements() == 1
    assert textwrap.dedent("  a") == "A"


@pytest.mark.parametrize("target, problem", [("textwrap:gone", "textwrap:gone is gone"), ("textwrap:Gone.method", "is gone"), ("textwrap:indent", "takes")])
def test_a_function_that_moved_is_named(declared, target, problem):
    @replaces(target)
    def _other(upstream):
        def other(something):
            return something

        return other

    with pytest.raises(UpstreamChanged, match=problem):
        apply_replacements()


def test_nothing_is_replaced_when_one_does_not_fit(declared):
    import textwrap

    before = textwrap.dedent

    @replaces("textwrap:dedent")
    def _good(upstream):
        def dedent(text):
            return text

        return dedent

    @replaces("textwrap:gone")
    def _bad(upstream):
        return upstream

    with pytest.raises(UpstreamChanged):
        apply_replacements()
    assert textwrap.dedent is before


def test_a_missing_attribute_is_named():
    with pytest.raises(UpstreamChanged, match="no longer has gone"):
        require_attributes("textwrap", "dedent", "gone")
