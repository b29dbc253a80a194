//! The commands of the scripts. Each is a line of words; `name=value` are options and may stand
//! anywhere. A command that makes no sense here and now is the script's mistake, and panics.

use super::{Cluster, GROUP, MS};
use crate::words;
use bytes::Bytes;
use system::{
    Endpoint, Input, Message, Nanos, Plant, Replica,
    disk::files,
    encode, payload,
    wire::ask::{Fetch, Produce},
};

const OPTIONS: [&str; 6] = ["regions", "learners", "plant", "torn", "byte", "registry"];
/// The number of a client's fetch; its produce calls have those of their messages.
pub(super) const FETCH: u64 = 1_001;

impl Cluster {
    /// Carries out one command; the lines that it prints.
    pub(crate) fn run(&mut self, command: &str) -> Vec<String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (options, words): (Vec<&str>, Vec<&str>) =
            words.into_iter().partition(|word| word.contains('='));
        for option in &options {
            let (name, _) = option.split_once('=').expect("options have values");
            assert!(OPTIONS.contains(&name), "`{name}` is no option");
        }
        let option = |name: &str| {
            options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
        };
        let number = |name: &str| option(name).map(|value| value.parse::<u64>().expect("a number"));
        match words[..] {
            ["cluster", count] => {
                let count: u32 = count.parse().expect("a number of nodes");
                let learners = number("learners").unwrap_or(0) as u32;
                let regions = option("regions").map(|list| {
                    list.split(',').map(|region| region.parse().expect("a region")).collect()
                });
                let regions: Vec<u32> = regions.unwrap_or_else(|| (0..count - learners).collect());
                self.plant = option("plant").map(|name| Plant::named(name).expect("a plant"));
                self.boot(count, learners, &regions);
            }
            ["settle", ref who @ ..] => {
                let who: Vec<Endpoint> = who.iter().map(|name| words::endpoint(name)).collect();
                self.settle(&who, |_| false);
            }
            ["elect", leader, ref voters @ ..] => {
                let leads = words::endpoint(leader);
                let voters = voters.iter().map(|name| words::endpoint(name));
                let who: Vec<Endpoint> = std::iter::once(leads).chain(voters).collect();
                self.is_quiet = true;
                self.tick(leads);
                let is_done =
                    |cluster: &Cluster| cluster.replica(leads).is_some_and(Replica::is_leader);
                self.settle(&who, is_done);
                assert!(is_done(self), "{leader} is not elected");
            }
            ["deliver", from, to] => {
                let flight = self.take(from, to);
                self.deliver(&flight);
            }
            ["deliver", kept] => {
                let flight = self.kept.get(kept).expect("a frame that was kept").clone();
                self.deliver(&flight);
            }
            ["keep", from, to, kept] => {
                let place = self.find(from, to);
                self.kept.insert(kept.into(), self.flights[place].clone());
            }
            ["hold", from, to, kept] => {
                let flight = self.take(from, to);
                self.kept.insert(kept.into(), flight);
            }
            ["damage", from, to] => {
                let place = self.find(from, to);
                let bodies = &mut self.flights[place].frame.bodies;
                let mut bytes = bodies.pop().expect("a frame that carries entries").to_vec();
                *bytes.last_mut().expect("an entry has bytes") ^= 1;
                bodies.push(bytes.into());
            }
            ["drop", from, to] => {
                let (from, to) = (words::endpoint(from), words::endpoint(to));
                self.drop_where(|flight| flight.from == from && flight.to == to);
            }
            ["drop", who] => {
                let who = words::endpoint(who);
                self.drop_where(|flight| flight.from == who || flight.to == who);
            }
            ["isolate", ref who @ ..] => {
                self.isolated.extend(who.iter().map(|name| words::endpoint(name)));
            }
            ["heal"] => self.isolated.clear(),
            ["wait", ms] => self.now += ms.parse::<Nanos>().expect("milliseconds") * MS,
            ["tick", who] => self.tick(words::endpoint(who)),
            ["dice", who, ms] => {
                let dice = ms.parse::<Nanos>().expect("milliseconds") * MS;
                self.machine(words::endpoint(who)).dice = dice;
            }
            ["flush", who] => {
                let node = words::endpoint(who);
                let token = self.machine(node).end_flush().expect("a flush under way");
                self.turn(node, Input::Flushed { token, is_ok: true });
            }
            ["fail_flush", who] => {
                let node = words::endpoint(who);
                let token = self.machine(node).fail_flush().expect("a flush under way");
                self.turn(node, Input::Flushed { token, is_ok: false });
            }
            ["crash", who] => {
                self.nodes.remove(&words::endpoint(who)).expect("a node that runs");
                self.machine(words::endpoint(who)).kill();
            }
            ["power_loss", who] => {
                self.nodes.remove(&words::endpoint(who));
                let torn = number("torn").unwrap_or(0) as usize;
                self.machine(words::endpoint(who)).power_loss(torn);
            }
            ["start", who] => {
                let node = words::endpoint(who);
                self.start(node);
                // Most stories are about a group's own disk: the registry's flush ends at once.
                if option("registry") != Some("slow") {
                    self.flush_registry(node);
                }
            }
            ["wipe", who] => self.machine(words::endpoint(who)).wipe(),
            ["lose", who] => {
                let was_there =
                    self.machine(words::endpoint(who)).lose(files::segment_of(GROUP, 0));
                assert!(was_there, "{who} has no file to lose");
            }
            ["rot", who] => {
                let at = number("byte").expect("which byte") as usize;
                self.machine(words::endpoint(who)).rot(files::segment_of(GROUP, 0), at);
            }
            ["rot_registry", who] => self.machine(words::endpoint(who)).rot(files::REGISTRY, 0),
            ["status"] => {
                let lines = self.replicas().into_iter();
                let lines = lines.map(|(node, own)| format!("n{node}: {}", words::replica(own)));
                let lines: Vec<String> = lines.collect();
                self.out.extend(lines);
            }
            ["log", who] => {
                let replica = self.replica(words::endpoint(who)).expect("a node that runs");
                let (last, commit) = (replica.log().last_index(), replica.commit());
                let entries = (1..=last).map(|index| {
                    let entry = replica.log().get(index).expect("an index within the log");
                    let state = if index <= commit { "committed" } else { "open" };
                    format!("{}, {state}", words::entry(entry))
                });
                let entries: Vec<String> = entries.collect();
                self.out.extend(entries);
            }
            ["disk", who] => {
                let shown = self.machine(words::endpoint(who)).show(files::segment_of(GROUP, 0));
                let line = shown.map(|(bytes, durable)| {
                    format!("{who}: {} bytes, {durable} durable", bytes.len())
                });
                self.out.push(line.unwrap_or_else(|| format!("{who}: no file")));
            }
            ["marks", who] => {
                let node = self.nodes.get(&words::endpoint(who)).expect("a node that runs");
                let hit = node.marks().iter().filter(|(_, count)| *count > 0);
                let hit: Vec<String> = hit.map(|(name, count)| format!("{name} {count}")).collect();
                self.out.push(hit.join(", "));
            }
            ["ask", who, "produce", message, acks] => {
                let node = words::endpoint(who);
                let term = self.view(node).map_or(0, |view| view.term);
                let messages = messages(words::message_id(message));
                let produce = Produce {
                    acks: words::acks(acks),
                    term,
                    // Of nobody: it is not known from other calls.
                    producer: 0,
                    epoch: 0,
                    sequence: 0,
                    count: 1,
                    crc: crc32c::crc32c(&messages),
                    messages,
                };
                self.ask(node, Message::ask(1, produce));
            }
            ["ask", who, "fetch", level] => {
                let (level, bytes_max) = (words::read_level(level), 1 << 20);
                let fetch = Message::ask(1, Fetch { from: 0, level, bytes_max });
                self.ask(words::endpoint(who), fetch);
            }
            [client, "produce", message, acks] => {
                let (now, id) = (self.now, words::message_id(message));
                let client = words::endpoint(client);
                let acks = words::acks(acks);
                self.client(client).produce(now, id, GROUP, acks, 1, messages(id));
                self.after_client(client);
            }
            [client, "fetch", level] => {
                let (now, level) = (self.now, words::read_level(level));
                let client = words::endpoint(client);
                self.client(client).fetch(now, FETCH, GROUP, 0, level, 1 << 20);
                self.after_client(client);
            }
            _ => panic!("`{command}` is no command"),
        }
        std::mem::take(&mut self.out)
    }
}

fn messages(id: u64) -> Bytes {
    encode(&[(id, payload(id, 16))])
}
