//! A cluster that is asked about many things: some at once, and about none any more once nobody answers.

use std::sync::OnceLock;

use super::{Result, batch};
use crate::cluster::{Cluster, RUBBISH, SERVER_ERROR, UNREACHABLE};
use crate::diagnostic::Failure;

/// Asks about every item, at most `most` at once; the answers are in the items' order.
///
/// The first item is asked about alone. Where the cluster is gone, its failure is the answer for all that come
/// after: each would wait as long for the same words.
pub fn each<'i, T: Sync, R: Send>(
    cluster: &dyn Cluster,
    most: usize,
    items: &'i [T],
    ask: impl Fn(&'i T) -> Result<R> + Sync,
) -> Vec<Result<R>> {
    let gone: OnceLock<Failure> = OnceLock::new();
    let ask = |item: &'i T| match gone.get() {
        Some(failure) => Err(failure.clone()),
        None => ask(item).map_err(|failure| match is_gone(cluster, &failure) {
            true => gone.get_or_init(|| failure).clone(),
            false => failure,
        }),
    };
    let Some((first, rest)) = items.split_first() else { return Vec::new() };
    let mut answers = vec![ask(first)];
    answers.extend(batch::parallel(most, rest, ask));
    answers
}

/// Whether a failure is one of the cluster as a whole. What may be the answer to one question only, such as a page of
/// a proxy or an error of the server, is told by asking for the leader.
pub fn is_gone(cluster: &dyn Cluster, failure: &Failure) -> bool {
    failure.has(&UNREACHABLE)
        || ((failure.has(&RUBBISH) || failure.has(&SERVER_ERROR)) && cluster.info().is_err())
}
