//! Files of a task: `template` and `artifact`.

use crate::jobspec::declare::{BlockType, Default, Field, MapForm, Width};

/// A file that is rendered before a task starts.
#[rustfmt::skip]
pub static TEMPLATE: BlockType = BlockType::new("template", "Template", "A file that is rendered before a task starts", &[
    Field::string("source", "SourcePath", "File that holds the template").null().default(Default::Str("")),
    Field::string("destination", "DestPath", "Where the result is written").null().default(Default::Str("")),
    Field::string("data", "EmbeddedTmpl", "The template itself").null().default(Default::Str("")),
    Field::string("change_mode", "ChangeMode", "What a new result does: `restart`, `signal`, `script` or `noop`").null().default(Default::Str("restart")).by_parser(),
    Field::block("change_script", "ChangeScript", &CHANGE_SCRIPT, "What the mode `script` runs"),
    Field::string("change_signal", "ChangeSignal", "Signal for the mode `signal`").null(),
    Field::bool("once", "Once", "Whether it is rendered only once").null().default(Default::Bool(false)),
    Field::duration("splay", "Splay", "The longest random pause before a change has its effect").null().default(Default::Seconds(5)).by_parser(),
    Field::string("perms", "Perms", "Mode of the file, octal").null().default(Default::Str("0644")).by_parser(),
    Field::int("uid", "Uid", Width::Int, "Owner of the file").null(),
    Field::int("gid", "Gid", Width::Int, "Group of the file").null(),
    Field::string("left_delimiter", "LeftDelim", "What opens an expression").null().default(Default::Str("{{")),
    Field::string("right_delimiter", "RightDelim", "What closes an expression").null().default(Default::Str("}}")),
    Field::bool("env", "Envvars", "Whether the result is read as environment variables").null().default(Default::Bool(false)),
    Field::duration("vault_grace", "VaultGrace", "Without effect (deprecated)").null().default(Default::Int(0)),
    Field::block("wait", "Wait", &WAIT, "How long to wait for calm before rendering"),
    Field::bool("error_on_missing_key", "ErrMissingKey", "Whether a missing key is an error").null().default(Default::Bool(false)).by_parser(),
]);

/// What runs when a template changes.
#[rustfmt::skip]
pub static CHANGE_SCRIPT: BlockType = BlockType::new("change_script", "ChangeScript", "What runs in the task when a template changes", &[
    Field::string("command", "Command", "The command").null().default(Default::Str("")),
    Field::strings("args", "Args", "Its arguments").default(Default::Empty).by_parser(),
    Field::duration("timeout", "Timeout", "How long it may take").null().default(Default::Seconds(5)).by_parser(),
    Field::bool("fail_on_error", "FailOnError", "Whether its failure kills the task").null().default(Default::Bool(false)).by_parser(),
    Field::bool("run_on_first_render", "RunOnFirstRender", "Whether it also runs the first time").null().default(Default::Bool(false)).by_parser(),
]);

/// How long to wait for calm before rendering.
#[rustfmt::skip]
pub static WAIT: BlockType = BlockType::new("wait", "Template", "How long to wait for calm before rendering", &[
    Field::duration("min", "Min", "At least").null(),
    Field::duration("max", "Max", "At most").null(),
]);

/// Files that are fetched before a task starts.
#[rustfmt::skip]
pub static ARTIFACT: BlockType = BlockType::new("artifact", "Artifact", "Files that are fetched before a task starts", &[
    Field::string("source", "GetterSource", "Where they come from").null().default(Default::Str("")),
    Field::map("options", "GetterOptions", MapForm::Block, "How they are fetched: `checksum`, `archive`, `ref`, …"),
    Field::map("headers", "GetterHeaders", MapForm::Block, "Headers of the request"),
    Field::string("mode", "GetterMode", "What the source is: `any`, `file` or `dir`").null().default(Default::Str("any")),
    Field::bool("insecure", "GetterInsecure", "Whether certificates are not checked").null().default(Default::Bool(false)),
    Field::string("destination", "RelativeDest", "Where they are put").null(),
    Field::bool("chown", "Chown", "Whether they belong to the task's user"),
]);
