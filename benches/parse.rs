//! What reading a job file costs: the syntax alone, and (with evaluation and decoding) all the
//! way to a job. Each benchmark reads all files of the corpus; `µs per file` and MB/s follow from
//! the counters.
//!
//! The corpus is `PLATY_NOMAD_CORPUS` or `../shared/nomad`; without it there is nothing to measure.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark has no caller to tell")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use platy_manage::diagnostic::Source;
use platy_manage::jobspec::{self, Variables, syntax};

fn main() {
    summary();
    divan::main();
}

/// The texts of the valid job files.
fn files() -> Vec<String> {
    let corpus = std::env::var_os("PLATY_NOMAD_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/nomad"), PathBuf::from);
    let Ok(entries) = std::fs::read_dir(corpus.join("jobspecs/valid")) else {
        println!("skipped: no Nomad corpus at {}", corpus.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "hcl"));
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Files of so many bytes and more are reported alone too: in the corpus they have 4.4 KB on average.
const LARGE: usize = 2_300;

/// Prints the time a file takes on average, the best of many rounds, and the throughput: of all
/// files, and of the large ones.
fn summary() {
    let files = files();
    report("all files", &files);
    let large: Vec<String> = files.into_iter().filter(|text| text.len() >= LARGE).collect();
    report("the large ones", &large);
}

fn report(which: &str, files: &[String]) {
    if files.is_empty() {
        return;
    }
    let bytes: usize = files.iter().map(String::len).sum();
    let sources: Vec<Source> = files.iter().map(|text| Source::new("job.hcl", text.clone())).collect();
    let variables = Variables::default();
    println!("{which}: {} of {:.1} KB on average", files.len(), bytes as f64 / files.len() as f64 / 1000.0);
    let report = |name: &str, round: &mut dyn FnMut()| {
        let best = (0..100)
            .map(|_| {
                let start = Instant::now();
                round();
                start.elapsed()
            })
            .min()
            .unwrap_or_default();
        println!(
            "  {name:<14} {:>7.1} µs per file {:>8.0} MB/s",
            best.as_secs_f64() * 1e6 / files.len() as f64,
            bytes as f64 / best.as_secs_f64() / 1e6,
        );
    };
    report("syntax", &mut || {
        for text in files {
            black_box(syntax::parse(text));
        }
    });
    report("text to job", &mut || {
        for source in &sources {
            black_box(jobspec::parse(source, &variables).is_ok());
        }
    });
    report("text to JSON", &mut || {
        for source in &sources {
            if let Ok(job) = jobspec::parse(source, &variables) {
                black_box(job.to_json());
            }
        }
    });
    report("format", &mut || {
        for text in files {
            black_box(syntax::format(text).is_ok());
        }
    });
}

#[divan::bench]
fn syntax_of_the_corpus(bencher: Bencher<'_, '_>) {
    let files = files();
    let bytes: usize = files.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(files.len())).bench_local(|| {
        for text in &files {
            black_box(syntax::parse(black_box(text)));
        }
    });
}

#[divan::bench]
fn jobs_of_the_corpus(bencher: Bencher<'_, '_>) {
    let sources: Vec<Source> = files().into_iter().map(|text| Source::new("job.hcl", text)).collect();
    let bytes: usize = sources.iter().map(|source| source.text().len()).sum();
    let variables = Variables::default();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(sources.len())).bench_local(|| {
        for source in &sources {
            black_box(jobspec::parse(source, &variables).is_ok());
        }
    });
}
