"""Passwords in content are never shown, wherever they stand (notes on OLX, F26)."""

import pytest

from resolvers.content.secrets import redacted, shown


@pytest.mark.parametrize(
    "text",
    [
        '<course lti_passports="[&quot;a:b:hush&quot;]" start="x">',
        "<course xqa_key = 'hush'>",
        '<a:matlab_api_key xmlns:a="http://code.edx.org/xblock/option">hush</a:matlab_api_key>',
        "<xqa_key><![CDATA[hush<b>hush]]> hush</xqa_key>",
        '<course xml_attributes="{&quot;xqa_key&quot;: &quot;hush&quot;, &quot;a&quot;: 1}">',
        '{"lti_passports": ["a:b:hush", "c:d:hush"], "a": 1}',
        '{"a": {"xqa_key":"hush"}}',
        r'{"a": "{\"xqa_key\": \"hush\"}"}',
        '{"xqa_key": 12345}',
        '{"lti_passports": ["a]b:k:hush", "c:d:hu]sh hush"], "a": ["b"]}',
        "<xqa_key><![CDATA[hush",
    ],
)
def test_olx_and_json_come_without_passwords(text: str) -> None:
    found = redacted(text)
    assert "hush" not in found
    assert "12345" not in found
    assert "••••••" in found


@pytest.mark.parametrize(
    "text", ['<problem xqa_key="">', "<xqa_key/>hello", "xqa_key: as you like", '{"a": "xqa_key"}']
)
def test_what_is_no_password_stays_as_it_is(text: str) -> None:
    assert redacted(text).replace("••••••", "") == text


def test_settings_come_without_the_passwords_inside_them() -> None:
    """Open edX keeps attributes that it does not know in `xml_attributes` of the policy."""
    assert shown("lti_passports", ["a:b:hush"]) == "••••••"
    assert shown("xqa_key", "") == ""
    assert shown("xml_attributes", {"xqa_key": "hush", "b": 1}) == '{"xqa_key":"••••••","b":1}'
    assert shown("other", '{"lti_passports": ["a:b:hush"]}') == '{"lti_passports": "••••••"}'


@pytest.mark.parametrize(
    "part", ["<xqa_key><![CDATA[", "<xqa_key ", '"xqa_key":[', "xqa_key = ", "&quot;xqa_key&quot;:"]
)
def test_a_page_that_is_meant_to_take_long_does_not(part: str) -> None:
    """It is read in one go, however often something begins and never ends: else this would take hours."""
    assert "hush" in redacted(f"hush{part * 50_000}")
