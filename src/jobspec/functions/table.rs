//! The functions by name, with their parameters and a sentence on each.

use super::ParamType::{Any, List, Number, Set, String, Strings};
use super::{
    Body, Function, Param, ParamType, cidr, collection, date, encoding, files, format, hash, json, number,
    regex, set, string, yaml,
};

const fn param(name: &'static str, ty: ParamType) -> Param {
    Param { name, ty, null: false }
}

/// A parameter that may be `null`.
const fn nullable(name: &'static str, ty: ParamType) -> Param {
    Param { name, ty, null: true }
}

const fn plain(
    name: &'static str,
    params: &'static [Param],
    body: fn(super::Args) -> super::Outcome,
    doc: &'static str,
) -> Function {
    Function { name, params, rest: None, doc, body: Body::Plain(body) }
}

const fn variadic(
    name: &'static str,
    params: &'static [Param],
    rest: Param,
    body: fn(super::Args) -> super::Outcome,
    doc: &'static str,
) -> Function {
    Function { name, params, rest: Some(rest), doc, body: Body::Plain(body) }
}

const fn with_files(
    name: &'static str,
    params: &'static [Param],
    body: fn(super::Args, &super::Files) -> super::Outcome,
    doc: &'static str,
) -> Function {
    Function { name, params, rest: None, doc, body: Body::Files(body) }
}

const fn lazy(
    name: &'static str,
    params: &'static [Param],
    rest: Option<Param>,
    doc: &'static str,
) -> Function {
    Function { name, params, rest, doc, body: Body::Lazy }
}

const STR: &[Param] = &[param("str", String)];
const NUM: &[Param] = &[param("num", Number)];
const PATH: &[Param] = &[param("path", String)];

/// Every function, by name.
pub static FUNCTIONS: &[Function] = &[
    plain("abs", NUM, number::abs, "The number without its sign."),
    with_files("abspath", PATH, files::abspath, "The path from the root, begun at the working folder."),
    plain("base64decode", STR, encoding::base64decode, "The text whose Base64 this is."),
    plain("base64encode", STR, encoding::base64encode, "The text in Base64."),
    with_files("basename", PATH, files::basename, "The last part of the path."),
    variadic(
        "bcrypt",
        STR,
        param("cost", Number),
        hash::bcrypt,
        "A bcrypt hash of the text, another one each time; the cost is 10 unless given.",
    ),
    lazy("can", &[param("expression", Any)], None, "Whether the expression has a value."),
    plain("ceil", NUM, number::ceil, "The smallest whole number that is not smaller."),
    plain("chomp", STR, string::chomp, "The text without the line breaks at its end."),
    plain(
        "chunklist",
        &[param("list", List), param("size", Number)],
        collection::chunklist,
        "The list cut into lists of this size; the last may be shorter.",
    ),
    plain(
        "cidrhost",
        &[param("prefix", String), param("hostnum", Number)],
        cidr::cidrhost,
        "The address of a host in a network; negative numbers count from its end.",
    ),
    plain(
        "cidrnetmask",
        &[param("prefix", String)],
        cidr::cidrnetmask,
        "The mask of a network, as an address.",
    ),
    plain(
        "cidrsubnet",
        &[param("prefix", String), param("newbits", Number), param("netnum", Number)],
        cidr::cidrsubnet,
        "The subnet of this number, longer than the prefix by so many bits.",
    ),
    variadic(
        "cidrsubnets",
        &[param("prefix", String)],
        param("newbits", Number),
        cidr::cidrsubnets,
        "Adjacent subnets, each longer than the prefix by so many bits.",
    ),
    variadic(
        "coalesce",
        &[],
        nullable("vals", Any),
        collection::coalesce,
        "The first argument that is not null.",
    ),
    variadic(
        "coalescelist",
        &[],
        nullable("vals", Any),
        collection::coalescelist,
        "The first list that is not empty.",
    ),
    plain(
        "compact",
        &[param("list", Strings)],
        collection::compact,
        "The list without empty texts and nulls.",
    ),
    variadic("concat", &[], param("seqs", Any), collection::concat, "The lists one after another."),
    plain(
        "contains",
        &[param("list", Any), nullable("value", Any)],
        collection::contains,
        "Whether the list has an element equal to the value.",
    ),
    lazy(
        "convert",
        &[param("value", Any), param("type", Any)],
        None,
        "The value as one of the type, which is written as for a variable.",
    ),
    plain(
        "csvdecode",
        STR,
        encoding::csvdecode,
        "A list with an object for each line of the CSV text; its first line has the names.",
    ),
    with_files("dirname", PATH, files::dirname, "The path without its last part."),
    plain(
        "distinct",
        &[param("list", List)],
        collection::distinct,
        "The list with each element only where it comes first.",
    ),
    plain(
        "element",
        &[param("list", Any), param("index", Number)],
        collection::element,
        "The element at the index; past the end it goes on at the beginning.",
    ),
    with_files("file", PATH, files::file, "What the file holds, as text in UTF-8."),
    with_files("filebase64", PATH, files::filebase64, "What the file holds, in Base64."),
    with_files("fileexists", PATH, files::fileexists, "Whether there is a regular file at the path."),
    with_files(
        "fileset",
        &[param("path", String), param("pattern", String)],
        files::fileset,
        "The files below the path that match the pattern (`*`, `**`, `?`, `[a-z]`, `{a,b}`).",
    ),
    plain(
        "flatten",
        &[param("list", Any)],
        collection::flatten,
        "The list with the elements of lists in place of those.",
    ),
    plain("floor", NUM, number::floor, "The greatest whole number that is not greater."),
    variadic(
        "format",
        &[param("format", String)],
        nullable("args", Any),
        format::format,
        "The format with each verb (`%s`, `%d`, `%q`, `%#v`, …) replaced by an argument.",
    ),
    plain(
        "formatdate",
        &[param("format", String), param("time", String)],
        date::formatdate,
        "A time of RFC 3339 in another form: `YYYY-MM-DD hh:mm:ss`.",
    ),
    variadic(
        "formatlist",
        &[param("format", String)],
        nullable("args", Any),
        format::formatlist,
        "A list of formatted texts, one for each element of the lists among the arguments.",
    ),
    plain(
        "indent",
        &[param("spaces", Number), param("str", String)],
        string::indent,
        "The text with so many blanks after each line break.",
    ),
    plain(
        "index",
        &[param("collection", Any), param("key", Any)],
        collection::index,
        "The element with this index or key.",
    ),
    variadic(
        "join",
        &[param("separator", String)],
        param("lists", Strings),
        string::join,
        "The elements of the lists as one text with the separator between them.",
    ),
    plain("jsondecode", STR, json::jsondecode, "The value that the JSON text says."),
    plain("jsonencode", &[nullable("val", Any)], json::jsonencode, "The value as JSON, keys in order."),
    plain("keys", &[param("inputMap", Any)], collection::keys, "The keys of the map, in order."),
    plain(
        "length",
        &[param("collection", Any)],
        collection::length,
        "How many elements the list or map has.",
    ),
    plain(
        "log",
        &[param("num", Number), param("base", Number)],
        number::log,
        "The logarithm of the number to the base.",
    ),
    plain(
        "lookup",
        &[param("inputMap", Any), param("key", String), param("default", Any)],
        collection::lookup,
        "The value of the key in the map, or the default.",
    ),
    plain("lower", STR, string::lower, "The text in small letters."),
    variadic("max", &[], param("numbers", Number), number::max, "The greatest of the numbers."),
    plain("md5", STR, hash::md5, "The MD5 of the text, in hexadecimal digits."),
    variadic(
        "merge",
        &[],
        nullable("maps", Any),
        collection::merge,
        "The members of all maps; the last value of a key counts.",
    ),
    variadic("min", &[], param("numbers", Number), number::min, "The smallest of the numbers."),
    plain(
        "parseint",
        &[param("number", Any), param("base", Number)],
        number::parseint,
        "The whole number that the text is in the base, from 2 to 62.",
    ),
    with_files(
        "pathexpand",
        PATH,
        files::pathexpand,
        "The path with the home folder for a `~` at its start.",
    ),
    plain(
        "pow",
        &[param("num", Number), param("power", Number)],
        number::pow,
        "The number raised to the power.",
    ),
    variadic(
        "range",
        &[],
        param("params", Number),
        number::range,
        "The numbers from the first (0) up to and without the second by the third (1); at most 1024.",
    ),
    plain(
        "regex_replace",
        &[param("str", String), param("pattern", String), param("replace", String)],
        regex::regex_replace,
        "The text with each match of the pattern replaced; `$1` is a group.",
    ),
    plain(
        "replace",
        &[param("str", String), param("substr", String), param("replace", String)],
        string::replace,
        "The text with each occurrence of the second replaced by the third.",
    ),
    plain("reverse", STR, string::reverse, "The text backwards (as `strrev`, not for lists)."),
    plain(
        "rsadecrypt",
        &[param("ciphertext", String), param("privatekey", String)],
        hash::rsadecrypt,
        "What the Base64 text is when decrypted by RSA (PKCS 1 v1.5) with the key in PEM.",
    ),
    variadic(
        "setintersection",
        &[param("first_set", Set)],
        param("other_sets", Set),
        set::setintersection,
        "The elements that all sets have.",
    ),
    variadic(
        "setproduct",
        &[],
        param("sets", Any),
        set::setproduct,
        "Every combination of an element from each of the lists or sets.",
    ),
    variadic(
        "setunion",
        &[param("first_set", Set)],
        param("other_sets", Set),
        set::setunion,
        "The elements of all sets.",
    ),
    plain("sha1", STR, hash::sha1, "The SHA-1 of the text, in hexadecimal digits."),
    plain("sha256", STR, hash::sha256, "The SHA-256 of the text, in hexadecimal digits."),
    plain("sha512", STR, hash::sha512, "The SHA-512 of the text, in hexadecimal digits."),
    plain("signum", NUM, number::signum, "-1, 0 or 1, as the sign of the whole number."),
    plain(
        "slice",
        &[param("list", Any), param("start_index", Number), param("end_index", Number)],
        collection::slice,
        "The elements from the first index up to and without the second.",
    ),
    plain("sort", &[param("list", Strings)], collection::sort, "The texts in order."),
    plain(
        "split",
        &[param("separator", String), param("str", String)],
        string::split,
        "The parts of the text between the separators.",
    ),
    plain("strlen", STR, string::strlen, "How many characters the text has."),
    plain("strrev", STR, string::reverse, "The text backwards."),
    plain(
        "substr",
        &[param("str", String), param("offset", Number), param("length", Number)],
        string::substr,
        "So many characters from the offset on; -1 means all, a negative offset counts from the end.",
    ),
    plain(
        "timeadd",
        &[param("timestamp", String), param("duration", String)],
        date::timeadd,
        "A time of RFC 3339 so much later: `1h30m`.",
    ),
    plain("title", STR, string::title, "The text with a capital at the start of each word."),
    plain(
        "trim",
        &[param("str", String), param("cutset", String)],
        string::trim,
        "The text without these characters at its start and end.",
    ),
    plain(
        "trimprefix",
        &[param("str", String), param("prefix", String)],
        string::trimprefix,
        "The text without the prefix.",
    ),
    plain("trimspace", STR, string::trimspace, "The text without blanks at its start and end."),
    plain(
        "trimsuffix",
        &[param("str", String), param("suffix", String)],
        string::trimsuffix,
        "The text without the suffix.",
    ),
    lazy("try", &[], Some(param("expressions", Any)), "The value of the first expression that has one."),
    plain("upper", STR, string::upper, "The text in capital letters."),
    plain("urlencode", STR, encoding::urlencode, "The text as it stands in the query of a URL."),
    plain("uuidv4", &[], hash::uuidv4, "A random UUID, another one each time."),
    plain(
        "uuidv5",
        &[param("namespace", String), param("name", String)],
        hash::uuidv5,
        "The UUID of a name in a namespace (`dns`, `url`, `oid`, `x500` or a UUID).",
    ),
    plain(
        "values",
        &[param("mapping", Any)],
        collection::values,
        "The values of the map, in the order of its keys.",
    ),
    plain("yamldecode", &[param("src", String)], yaml::yamldecode, "The value that the YAML text says."),
    plain("yamlencode", &[nullable("value", Any)], yaml::yamlencode, "The value as YAML."),
    plain(
        "zipmap",
        &[param("keys", Strings), param("values", Any)],
        collection::zipmap,
        "A map from each of the keys to the value at the same place.",
    ),
];

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn names_are_in_order_so_that_they_are_found() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
