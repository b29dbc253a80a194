//! A message's identity: a number, and the name by which people and files know it, `c2#0` for the first
//! that client 2 made. What no client of ours made keeps its number, and is `m7` in sentences.

/// A message's identity: unique in a history.
pub type MessageId = u64;

/// The client above these bits, its own number below.
const NUMBER_BITS: u32 = 40;

/// The identity of the message that a client, from 1, made with this number.
pub fn of(client: u32, number: u64) -> MessageId {
    assert!(client > 0, "clients are numbered from 1");
    assert!(number >> NUMBER_BITS == 0, "c{client} made more messages than have names: {number}");
    u64::from(client) << NUMBER_BITS | number
}

/// `c2#0`, or `m7` for what no client of ours made.
pub fn name(id: MessageId) -> String {
    match id >> NUMBER_BITS {
        0 => format!("m{id}"),
        client => format!("c{client}#{}", id & ((1 << NUMBER_BITS) - 1)),
    }
}

/// The message of a name, if it is one.
pub fn find(name: &str) -> Option<MessageId> {
    if let Some(number) = name.strip_prefix('m') {
        return number.parse().ok();
    }
    let (client, number) = name.strip_prefix('c')?.split_once('#')?;
    let (client, number): (u32, u64) = (client.parse().ok()?, number.parse().ok()?);
    let is_ours = (1..1 << (64 - NUMBER_BITS)).contains(&client) && number >> NUMBER_BITS == 0;
    is_ours.then(|| of(client, number))
}

/// A message in a file: its name if a client of ours made it, else its number. Both are read.
pub(crate) mod named {
    use super::{MessageId, NUMBER_BITS, find, name};
    use serde::{Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(id: &MessageId, to: S) -> Result<S::Ok, S::Error> {
        match id >> NUMBER_BITS {
            0 => to.serialize_u64(*id),
            _ => to.serialize_str(&name(*id)),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<MessageId, D::Error> {
        struct Reader;
        impl de::Visitor<'_> for Reader {
            type Value = MessageId;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a message as `c2#0` or by its number")
            }

            fn visit_u64<E: de::Error>(self, id: u64) -> Result<MessageId, E> {
                Ok(id)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MessageId, E> {
                find(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Reader)
    }
}

/// The same for several.
pub(crate) mod all_named {
    use super::MessageId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct One(#[serde(with = "super::named")] MessageId);

    pub(crate) fn serialize<S: Serializer>(ids: &[MessageId], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(ids.iter().map(|id| One(*id)))
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<Vec<MessageId>, D::Error>
    where
        D: Deserializer<'de>,
    {
        Ok(Vec::<One>::deserialize(from)?.into_iter().map(|One(id)| id).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Record;

    #[test]
    fn a_name_is_found_again_and_nothing_else_is_a_name() {
        for id in [0, 7, of(1, 0), of(2, 5), of((1 << 24) - 1, (1 << 40) - 1)] {
            assert_eq!(find(&name(id)), Some(id));
        }
        for text in
            ["", "c2", "c2#", "c#0", "c0#1", "2#0", "c2#-1", "c16777216#0", "c1#1099511627776"]
        {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn files_hold_names_and_are_read_with_names_and_numbers() {
        let named = r#"{"offset":3,"message":"c2#0"}"#;
        let record = Record::new(3, of(2, 0));
        assert_eq!(serde_json::to_string(&record).expect("plain data"), named);
        assert_eq!(serde_json::from_str::<Record>(named).expect("it reads back"), record);
        let number = r#"{"offset":3,"message":2199023255552}"#;
        assert_eq!(serde_json::from_str::<Record>(number).expect("an old file"), record);
        let foreign = Record::new(3, 7);
        assert_eq!(
            serde_json::to_string(&foreign).expect("plain data"),
            r#"{"offset":3,"message":7}"#
        );
        let wrong = serde_json::from_str::<Record>(r#"{"offset":3,"message":"c2"}"#);
        let said = wrong.expect_err("no name").to_string();
        assert!(
            said.starts_with("invalid value: string \"c2\", expected a message as `c2#0`"),
            "{said}"
        );
    }
}
