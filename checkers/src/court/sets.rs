//! Sets and queues of which no order is asked, as Jepsen writes them: what went in comes out.
