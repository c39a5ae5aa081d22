//! Writing JSON as orjson does. Texts hold no escapes (see `sent`), so they are written as they are.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

pub fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

pub fn number(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A value of a JSON array or object.
pub trait Json {
    fn json(&self, out: &mut Vec<u8>);
}

impl Json for &str {
    fn json(&self, out: &mut Vec<u8>) {
        text(out, self);
    }
}

impl Json for String {
    fn json(&self, out: &mut Vec<u8>) {
        text(out, self);
    }
}

impl Json for i64 {
    fn json(&self, out: &mut Vec<u8>) {
        number(out, *self);
    }
}

impl Json for bool {
    fn json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl<T: Json> Json for Option<T> {
    fn json(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.json(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: Json> Json for [T] {
    fn json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (place, value) in self.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            value.json(out);
        }
        out.push(b']');
    }
}

impl<A: Json, B: Json> Json for (A, B) {
    fn json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        self.0.json(out);
        out.push(b',');
        self.1.json(out);
        out.push(b']');
    }
}

/// Fields of an object in the order in which they are put.
pub struct Object<'a> {
    pub out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub fn key(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        text(self.out, name);
        self.out.push(b':');
        self.out
    }

    pub fn put<T: Json + ?Sized>(&mut self, name: &str, value: &T) {
        value.json(self.key(name));
    }

    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// Attributes that are counted together: a JSON array, itself written as a text.
#[derive(Default)]
pub struct Cell {
    array: Vec<u8>,
}

impl Cell {
    pub fn with<T: Json + ?Sized>(mut self, value: &T) -> Self {
        self.array.push(if self.array.is_empty() { b'[' } else { b',' });
        value.json(&mut self.array);
        self
    }
}

/// Attributes that are read one document at a time: a JSON array in base64.
pub struct Packed(pub Cell);

impl Json for Packed {
    fn json(&self, out: &mut Vec<u8>) {
        let mut array = self.0.array.clone();
        array.push(b']');
        out.push(b'"');
        let from = out.len();
        out.resize(from + array.len().div_ceil(3) * 4, 0);
        let written = STANDARD.encode_slice(&array, &mut out[from..]).expect("there is room for all of it");
        out.truncate(from + written);
        out.push(b'"');
    }
}

impl Json for Cell {
    fn json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        for byte in &self.array {
            if *byte == b'"' {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.extend_from_slice(b"]\"");
    }
}
