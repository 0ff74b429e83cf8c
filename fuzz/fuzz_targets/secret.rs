//! Any name and text: what is hidden of it, and what is complained of, which is never more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platy_manage::secret::{Masker, find, find_certain};

fuzz_target!(|text: (&str, &str)| {
    let (name, value) = text;
    let masker = Masker::new(b"key");
    let hidden = find(name, value);
    for certain in find_certain(name, value) {
        assert!(!hidden.is_empty(), "{name}: {value}: {certain:?}");
        assert!(value.get(certain.range).is_some());
    }
    let once = masker.text(value).into_owned();
    let _ = masker.value(name, &once);
});
