#include "tape/node.h"

#include <atomic>
#include <string>
#include <utility>

#include "core/pool.h"

namespace ndtape {
namespace {

std::atomic<uint64_t> next_number{1};

thread_local bool recording = true;
thread_local Node* running = nullptr;

// Nodes that lost their last owner while another one was being destroyed: a chain of a million
// must not nest a million destructors.
thread_local Node* dead = nullptr;
thread_local bool burying = false;

thread_local SavedCount* counting = nullptr;
thread_local Anomaly watched;
std::atomic<std::string (*)()> trace{nullptr};

}  // namespace

bool grad_enabled() { return recording; }
GradMode::GradMode(bool enabled) : previous_(recording) { recording = enabled; }
GradMode::~GradMode() { recording = previous_; }

Node* current_node() { return running; }
CurrentNode::CurrentNode(Node* node) : previous_(running) { running = node; }
CurrentNode::~CurrentNode() { running = previous_; }

std::atomic<int> anomaly_watchers{0};

Anomaly anomaly() { return watched; }
Anomaly set_anomaly(Anomaly now) {
  anomaly_watchers.fetch_add(now.enabled() - watched.enabled(), std::memory_order_relaxed);
  return std::exchange(watched, now);
}

void set_trace(std::string (*function)()) { trace.store(function); }
std::string where_in_program() {
  const auto function = trace.load();
  return function ? function() : std::string();
}

std::string recorded_at(const Node& node) {
  const Notes* notes = node.notes();
  return notes && !notes->where.empty() ? ", recorded at " + notes->where : std::string();
}

Node::Node(const char* name, int inputs)
    : name_(name),
      number_(next_number.fetch_add(1, std::memory_order_relaxed)),
      count_(inputs),
      inputs_(inputs <= kInline ? inline_ : new Input[inputs]) {}

Node::~Node() {
  if (inputs_ != inline_) delete[] inputs_;
}

void Node::renumber() { number_ = next_number.fetch_add(1, std::memory_order_relaxed); }

void* Node::operator new(size_t size) { return pool::allocate(size); }
void Node::operator delete(void* p, size_t size) noexcept { pool::release(p, size); }

void Node::free() {
  freed_ = true;
  if (notes_) notes_->hooks.clear();  // none will be called again
  free_saved();
}

bool Node::forward(const Tensor*, Tensor*) { return false; }
Tensor Node::rule(int, const Tensor&) { return {}; }

Notes& Node::make_notes() {
  if (!notes_) notes_ = std::make_unique<Notes>();
  return *notes_;
}

void Node::destroy() {
  next_dead_ = dead;
  dead = this;
  if (burying) return;
  burying = true;
  while (dead) {
    Node* node = dead;
    dead = node->next_dead_;
    delete node;
  }
  burying = false;
}

Saved::Saved(const Tensor& x, Edge edge, bool is_output)
    : storage_(&x.storage()),
      layout_(x.layout()),
      edge_(std::move(edge)),
      version_(x.storage().version()),
      dtype_(x.dtype()),
      is_output_(is_output) {}

Saved::Saved(const Saved& other)
    : storage_(other.storage_),
      layout_(other.layout_),
      edge_(other.edge_),
      version_(other.version_),
      dtype_(other.dtype_),
      is_output_(other.is_output_) {
  if (counting) counting->storages.insert(storage_.get());
}

SavedCount::SavedCount() : previous_(std::exchange(counting, this)) {}
SavedCount::~SavedCount() { counting = previous_; }

Saved::operator Tensor() const {
  if (storage_->version() != version_) {
    const std::string by = running ? running->name() + recorded_at(*running) : "backward";
    throw TapeError(by + ": a tensor of shape " + to_string(layout_.shape) + " and dtype " +
                    name(dtype_) + " that its derivative needs was changed in place after it was " +
                    "recorded (version " + std::to_string(version_) + ", now " +
                    std::to_string(storage_->version()) + "); change a copy instead");
  }
  Ref<TensorImpl> impl(new TensorImpl(dtype_, layout_, storage_));
  if (recording) {
    impl->node = is_output_ ? Ref<Refcounted>(running) : Ref<Refcounted>(edge_.node);
    impl->output_index = edge_.index;
  }
  return Tensor(std::move(impl));
}

}  // namespace ndtape
