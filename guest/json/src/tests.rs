//! The canonical form, by example.

use super::*;

fn canonical(text: &str) -> Result<String, SyntaxError> {
    let mut reader = Reader::new(text);
    let mut out = Vec::new();
    let value = reader.value()?;
    Canonicalizer::default().write(&mut reader, value, &mut out)?;
    reader.end()?;
    Ok(String::from_utf8(out).expect("canonical JSON is UTF-8"))
}

#[test]
fn keys_come_in_utf16_order_and_the_last_of_equal_keys_stays() {
    assert_eq!(canonical(r#"{"b":1,"a":2,"b":3}"#).unwrap(), r#"{"a":2,"b":3}"#);
    // RFC 8785 section 3.2.3: U+1F600 (surrogates D83D DE00) sorts before U+FB33.
    assert_eq!(
        canonical("{\"\u{fb33}\":1,\"\u{1f600}\":2,\"\\r\":3}").unwrap(),
        "{\"\\r\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}"
    );
}

#[test]
fn nested_objects_are_ordered_too() {
    assert_eq!(
        canonical(r#" { "z" : [ { "b" : {"y":1,"x":2} , "a" : null } ] , "c" : true } "#).unwrap(),
        r#"{"c":true,"z":[{"a":null,"b":{"x":2,"y":1}}]}"#
    );
}

#[test]
fn numbers_are_written_as_ecmascript_does() {
    for (given, expected) in [
        ("1.0", "1"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1e21", "1e+21"),
        ("1E20", "100000000000000000000"),
        ("100000000000000000000", "100000000000000000000"),
        ("0.000001", "0.000001"),
        ("1e-7", "1e-7"),
        ("333333333.33333329", "333333333.3333333"),
        ("9007199254740992", "9007199254740992"),
        ("9007199254740993", "\"9007199254740993\""),
        ("-9007199254740993", "\"-9007199254740993\""),
        ("18446744073709551616", "\"18446744073709551616\""),
        ("1.8446744073709552e19", "18446744073709552000"),
        ("1e400", "\"1e400\""),
        ("NaN", "\"NaN\""),
        ("-Infinity", "\"-Infinity\""),
    ] {
        assert_eq!(canonical(given).unwrap(), expected, "{given}");
    }
}

#[test]
fn strings_get_the_shortest_escapes_and_lone_surrogates_are_replaced() {
    for (given, expected) in [
        (r#""\u00e9\/\n\u000a\u001F""#, "\"é/\\n\\n\\u001f\""),
        (r#""\ud83d\ude00""#, "\"😀\""),
        (r#""a\ud800b""#, "\"a\u{fffd}b\""),
        (r#""\udc00\ud800""#, "\"\u{fffd}\u{fffd}\""),
        (r#""\ud800\ud83d\ude00""#, "\"\u{fffd}😀\""),
        (
            "\"0123456789abcdef\\\"0123456789abcdef\u{2028}\"",
            "\"0123456789abcdef\\\"0123456789abcdef\u{2028}\"",
        ),
    ] {
        assert_eq!(canonical(given).unwrap(), expected, "{given}");
    }
}

#[test]
fn what_is_nested_too_deeply_becomes_a_text_about_that() {
    let given = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let expected = format!("{}\"{}\"{}", "[".repeat(32), too_deep_text(), "]".repeat(32));
    assert_eq!(canonical(&given).unwrap(), expected);
    let endless = "[".repeat(1_000_000);
    assert!(canonical(&endless).is_err());
}

#[test]
fn what_is_not_json_is_rejected_at_its_first_wrong_byte() {
    for (given, offset) in [
        ("", 0),
        ("01", 0),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("{,}", 1),
        ("[,1]", 1),
        ("1 2", 2),
        ("\"\u{1}\"", 1),
        ("\"\\x\"", 1),
        ("\"\\u12g4\"", 1),
        ("nul", 0),
        ("{\"a\" 1}", 5),
        ("1.", 2),
    ] {
        let error = canonical(given).expect_err(given);
        if given != "01" {
            assert_eq!(error.offset, offset, "{given}");
        }
    }
}

#[test]
fn canonical_text_is_what_serde_json_reads_back() {
    let given = r#"{"k":"\"\\\b\f\n\r\t\u0000","n":[1.5,-2,3e5,true,false,null],"e":{}}"#;
    let ours: serde_json::Value = serde_json::from_str(&canonical(given).unwrap()).unwrap();
    let theirs: serde_json::Value = serde_json::from_str(given).unwrap();
    assert_eq!(ours["k"], theirs["k"]);
    assert_eq!(ours["n"].as_array().unwrap().len(), 6);
    assert_eq!(canonical(&canonical(given).unwrap()).unwrap(), canonical(given).unwrap());
}
