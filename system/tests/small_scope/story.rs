//! The moves that lead to a broken law, in the words of the protocol scripts. They are made once more, by
//! nodes that know nothing of the search: what is told is what happens.

use crate::{
    laws::Broken,
    local::{Input, Local, Sent},
    nodes::{Handed, Nodes},
    scope::Scope,
    search::{Move, Search},
    words,
};
use std::fmt::Write;
use system::{Frame, Message};

/// The whole story.
pub(crate) fn tell(scope: &Scope, nodes: &Nodes, (broken, path): &(Broken, Vec<Move>)) -> String {
    let mut story = String::new();
    let mut search = Search::new(scope);
    let Ok(begin) = search.begin() else {
        return format!("before it begins, {}: {}\n", broken.law, broken.why);
    };
    let mut locals: Vec<Local> = search.locals(&begin);
    for local in &locals {
        line(&mut story, &format!("n{}: {}", local.node, words::replica(&local.replica)));
    }
    for (number, step) in (1..).zip(path) {
        let before = &locals[usize::from(step.place)];
        line(&mut story, &format!("\n{number:2}  {}", command(nodes, *step)));
        if number == path.len() && broken.law == "nobody_panics" {
            break;
        }
        let mut after = before.clone();
        let sent = after.act(scope, input(nodes, step.handed)).unwrap_or_default();
        effects(&mut story, before, &after, &sent);
        locals[usize::from(step.place)] = after;
    }
    line(&mut story, &format!("\nVIOLATED {}: {}", broken.law, broken.why));
    story
}

fn line(story: &mut String, line: &str) {
    writeln!(story, "{line}").expect("a string takes all");
}

/// What is done, as a script would say it.
fn command(nodes: &Nodes, step: Move) -> String {
    let node = step.place + 1;
    match step.handed {
        Handed::Frame(number) => {
            let flight = nodes.flight(number);
            let again = if step.is_double { " (and will again)" } else { "" };
            let said = said(&flight.frame).join("; ");
            format!("deliver {} n{node}{again}: {said}", words::name(flight.from))
        }
        Handed::Flushed => format!("flush n{node}"),
        Handed::Tick => format!("tick n{node}"),
        Handed::Beat => format!("beat n{node}"),
        Handed::Crash => format!("crash n{node}, start n{node}"),
        Handed::PowerLoss(0) => format!("power_loss n{node}, start n{node}"),
        Handed::PowerLoss(kept) => {
            format!("power_loss n{node}, start n{node} ({kept} blocks are left)")
        }
    }
}

fn said(frame: &Frame) -> Vec<String> {
    let mut said = Vec::new();
    let read = frame.clone().for_each(|_, message| said.push(words::message(&message)));
    read.expect("a frame that was just made");
    said
}

fn input(nodes: &Nodes, handed: Handed) -> Input<'_> {
    match handed {
        Handed::Frame(number) => Input::Frame(&nodes.flight(number).frame),
        Handed::Flushed => Input::Flushed,
        Handed::Tick => Input::Tick,
        Handed::Beat => Input::Beat,
        Handed::Crash => Input::Crash,
        Handed::PowerLoss(kept) => Input::PowerLoss(kept.into()),
    }
}

/// What came of it.
fn effects(story: &mut String, before: &Local, after: &Local, sent: &Sent) {
    let node = after.node;
    if before.replica.view() != after.replica.view() {
        line(story, &format!("      n{node}: {}", words::replica(&after.replica)));
    }
    for (to, _, messages) in &sent.frames {
        for message in messages {
            line(story, &format!("      n{node} -> n{to}: {}", words::message(message)));
        }
    }
    for (request, answer) in &sent.answers {
        let (request, answer) = (*request, answer.clone());
        let answer = words::message(&Message::Answer { request, answer });
        line(story, &format!("      n{node} -> c{request}: {answer}"));
    }
}
