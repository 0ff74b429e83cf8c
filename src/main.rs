//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    platy_manage::cli::run(std::env::args_os())
}
