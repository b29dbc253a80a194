//! Nothing. porcupine-rs 0.3 lists criterion among its dependencies, and only its benchmarks, which are not
//! built here, use it: with its 40 crates it cost a newcomer 20 seconds of build.
