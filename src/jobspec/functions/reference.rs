//! The reference page of the functions, made from their table.

use super::{Body, FUNCTIONS, Function, ParamType};

/// The page `docs/functions.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# The functions of job files\n\n\
         Every function that Nomad's HCL2 knows, with Nomad's results and Nomad's refusals, offline. This page is \
         made from the table in `src/jobspec/functions/table.rs`; a test keeps it current.\n\n\
         - Arguments are converted to the parameter's type where the value reads as one: `\"7\"` is a number, \
         `true` is the text `true`.\n\
         - A parameter marked with `?` may be `null`; one with `...` may be there any number of times, and \
         `f(list...)` gives it the elements of a list.\n\
         - Functions that read files look below the folder of the job file. They are refused where a job does \
         not come from a file.\n\
         - What would take hours or gigabytes is refused: `range` makes at most 1024 numbers, a text is at most \
         16 MiB, the cost of `bcrypt` at most 16.\n\n\
         | call | what it gives |\n|---|---|\n",
    );
    for function in FUNCTIONS {
        let note = match function.body {
            Body::Plain(_) => "",
            Body::Files(_) => " *(files)*",
            Body::Lazy => " *(takes an expression)*",
        };
        page.push_str(&format!("| `{}` | {}{note} |\n", typed(function), function.doc.replace('|', "\\|")));
    }
    page
}

/// `join(separator: string, lists: list of string...)`
fn typed(function: &Function) -> String {
    let show = |param: &super::Param| {
        let null = if param.null { "?" } else { "" };
        let ty = match param.ty {
            ParamType::Any => "any",
            ParamType::String => "string",
            ParamType::Number => "number",
            ParamType::Strings => "list of string",
            ParamType::List => "list",
            ParamType::Set => "set",
        };
        format!("{}{null}: {ty}", param.name)
    };
    let mut params: Vec<String> = function.params.iter().map(show).collect();
    params.extend(function.rest.as_ref().map(|param| format!("{}...", show(param))));
    format!("{}({})", function.name, params.join(", "))
}
