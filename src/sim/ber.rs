//! BER encoding of SNMP variable bindings, called by the simulated switch: snmp2 decodes requests and frames
//! responses, but offers no way to build the bindings in between. *Pure.*

use snmp2::Oid;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const NULL: u8 = 0x05;
const SEQUENCE: u8 = 0x30;
const NO_SUCH_OBJECT: u8 = 0x80;
const NO_SUCH_INSTANCE: u8 = 0x81;
const END_OF_MIB_VIEW: u8 = 0x82;

/// A value of a variable binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Integer(i64),
    OctetString(Vec<u8>),
    /// In the answer to a request that failed as a whole.
    Null,
    NoSuchObject,
    NoSuchInstance,
    EndOfMibView,
}

/// The content of a list of variable bindings, without the outer sequence.
pub(super) fn encode_bindings(bindings: &[(Oid<'static>, Value)]) -> Vec<u8> {
    let one = |(oid, value): &(Oid<'static>, Value)| {
        let mut pair = encode(OBJECT_IDENTIFIER, oid.as_bytes());
        pair.extend(encode_value(value));
        encode(SEQUENCE, &pair)
    };
    bindings.iter().flat_map(one).collect()
}

fn encode_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Integer(number) => encode(INTEGER, &shortest(*number)),
        Value::OctetString(bytes) => encode(OCTET_STRING, bytes),
        Value::Null => encode(NULL, &[]),
        Value::NoSuchObject => encode(NO_SUCH_OBJECT, &[]),
        Value::NoSuchInstance => encode(NO_SUCH_INSTANCE, &[]),
        Value::EndOfMibView => encode(END_OF_MIB_VIEW, &[]),
    }
}

/// The shortest two's complement form.
fn shortest(number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let redundant = |pair: &&[u8]| match pair {
        [0x00, next] => next & 0x80 == 0,
        [0xff, next] => next & 0x80 != 0,
        [..] => false,
    };
    let skip = bytes.windows(2).take_while(redundant).count();
    bytes.iter().skip(skip).copied().collect()
}

fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let mut bytes = vec![tag];
    if let Ok(short @ 0..=127) = u8::try_from(content.len()) {
        bytes.push(short);
    } else {
        let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
        bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
        bytes.extend(digits);
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_as_few_bytes_as_they_can() {
        for (number, bytes) in
            [(0, vec![0]), (1, vec![1]), (127, vec![127]), (128, vec![0, 128]), (-1, vec![255])]
        {
            assert_eq!(shortest(number), bytes, "{number}");
        }
        assert_eq!(shortest(-129), vec![0xff, 0x7f]);
    }

    #[test]
    fn long_contents_have_a_long_length() {
        assert_eq!(encode(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(encode(4, &[7; 300]).get(..4), Some(&[4, 0x82, 1, 44][..]));
        assert_eq!(encode(4, &[7; 200]).get(..3), Some(&[4, 0x81, 200][..]));
    }
}
