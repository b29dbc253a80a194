pub struct SetCounts;
pub fn judge_set_full() {}
pub fn judge_final_set() {}
