#include "plugin_editor.hpp"

#include "window_memory.hpp"

namespace umtn::plugin {

namespace {
constexpr int kTimesASecond = 30;
constexpr int kLeastWidth = 700, kLeastHeight = 480;
constexpr int kUsualWidth = 860, kUsualHeight = 600;
constexpr int kMostWidth = 2400, kMostHeight = 1600;
constexpr int kMargin = 12;
constexpr int kMenus = 3 * (IconButton::kWidth + 4) + 4; // beside the light's line
} // namespace

PluginEditor::PluginEditor(PluginProcessor& owner)
    : AudioProcessorEditor(owner), processor_(owner), core_(owner.core()), connection_(kMenus),
      undo_(Icon::undo, "Undo"), redo_(Icon::redo, "Redo"),
      menu_(Icon::menu, "Menu", "files, size, help and more"),
      settings_(owner.parameters(), owner.instrument()), timeline_(owner.waveforms()),
      actions_(owner.parameters()) {
  setLookAndFeel(&look_->look);
  setWantsKeyboardFocus(true);
  addAndMakeVisible(content_);
  int order = 0;
  for (auto* part : std::initializer_list<juce::Component*>{&connection_, &undo_, &redo_, &menu_,
                                                            &settings_, &actions_, &timeline_,
                                                            &message_, &locate_, &takes_}) {
    content_.addChildComponent(part);
    part->setExplicitFocusOrder(++order);
  }
  for (auto* part : std::initializer_list<juce::Component*>{
           &connection_, &undo_, &redo_, &menu_, &settings_, &actions_, &timeline_, &takes_})
    part->setVisible(true);
  content_.addMouseListener(this, true);
  locate_.setHasFocusOutline(true);
  locate_.setTooltip("Chooses the folder in which this project's recordings and takes lie now");
  connect_actions();
  connect_take_actions();

  core_.start(); // so that there is an answer about the bridge before the first block
  show(core_.view());
  setResizable(true, true);
  restore_size();
  startTimerHz(kTimesASecond);
}

PluginEditor::~PluginEditor() {
  content_.removeMouseListener(this);
  juce::PopupMenu::dismissAllActiveMenus(); // they are windows of their own
  if (sized_)
    remember_size(processor_.editor_size());
  setLookAndFeel(nullptr);
}

// As this plugin's was, or else as the last window that somebody sized.
void PluginEditor::restore_size() {
  auto size = processor_.editor_size();
  if (size.scale <= 0.0f)
    size = remembered_size();
  if (size.width > 0 && size.height > 0)
    setSize(std::min(size.width, 2 * kMostWidth), std::min(size.height, 2 * kMostHeight));
  else
    setSize(kUsualWidth, kUsualHeight);
  set_scale(size.scale > 0.0f ? size.scale : 1.0f, false);
  sized_ = false;
}

void PluginEditor::timerCallback() {
  const int target = processor_.parameters().target.get();
  const auto revision = core_.revision();
  settings_.show_changes();
  if (target != shown_target_)
    newest_.go_on();
  // One that fails at once may be the same as before it was asked for: no change to the core.
  const bool awaits = view_.preview.state == Preview::State::making;
  if (revision != revision_ || target != shown_target_ || awaits) {
    revision_ = revision;
    shown_target_ = target;
    return show(core_.view());
  }
  const auto region = core_.region().current();
  if (!(region == view_.region) || core_.region().source() != view_.region_source) {
    view_.region = region;
    view_.region_source = core_.region().source();
    actions_.show(view_, processor_.auto_render(), processor_.capture_once());
    timeline_.show(view_);
  }
  view_.transport = core_.region().transport();
  show_moving();
}

// What may move in each of the timer's ticks. Where it did not, nothing is drawn.
void PluginEditor::show_moving() {
  const auto& transport = view_.transport;
  auto& listen = core_.listen();
  const bool own = processor_.own_transport() != nullptr;
  timeline_.show_transport(transport);
  takes_.show_grid(Grid(transport));
  timeline_.show_listen(!own && listen.placed() && !transport.playing
                            ? std::optional(listen.position())
                            : std::nullopt);
  timeline_.show_level(core_.capture().input_level(), processor_.parameters().capture.get());
  actions_.show_playing(own ? transport.playing : listen.playing(), own || !transport.playing,
                        core_.capture().report().recording);
  show_preview();
  show_message(view_);
}

void PluginEditor::show_preview() {
  auto& preview = view_.preview;
  if (preview.state == Preview::State::playing && !core_.listen().playing_file())
    preview.state = Preview::State::none; // it has ended
  settings_.show_preview(preview);
  if (picker_ != nullptr)
    picker_->show(preview);
}

void PluginEditor::show(const CoreView& view) {
  view_ = view;
  const int before = connection_.height(connection_.getWidth());
  connection_.show(view.connection);
  if (connection_.height(connection_.getWidth()) != before)
    lay_out();
  settings_.show(view.connection.models);
  timeline_.show(view);
  actions_.show(view, processor_.auto_render(), processor_.capture_once());
  const auto words = [](const char* does, const juce::String& what) {
    return what.isEmpty() ? juce::String(does) : does + juce::String(": ") + what;
  };
  undo_.setEnabled(view.undo.isNotEmpty());
  undo_.setTooltip(words("Undo", view.undo));
  redo_.setEnabled(view.redo.isNotEmpty());
  redo_.setTooltip(words("Redo", view.redo));
  if (disk_shown_)
    show_disk_card();
  takes_.show(view);
  show_moving();
}

void PluginEditor::show_message(const CoreView& view) {
  const auto& preview = view.preview;
  newest_.hear(NewestMessage::News::action, view.message);
  newest_.hear(NewestMessage::News::capture, view.capture.message);
  newest_.hear(NewestMessage::News::listening, core_.listen().message());
  newest_.hear(NewestMessage::News::preview,
               preview.state == Preview::State::failed
                   ? "No preview of " + preview.target + ": " + preview.message
                   : juce::String());
  auto text = newest_.newest();
  const bool trouble = text.isNotEmpty() || !view.missing.empty() || view.capture.lost > 0;
  if (text.isEmpty() && preview.state == Preview::State::making)
    text =
        "The bridge makes the preview of " + preview.target + "; it plays as soon as it is there.";
  if (text.isEmpty() && !view.missing.empty())
    text = juce::String(view.missing.size()) +
           (view.missing.size() == 1 ? " file of this project is missing: "
                                     : " files of this project are missing, first ") +
           view.missing.front().getFileName();
  if (text.isEmpty() && view.capture.lost > 0)
    text = "The disk was too slow: " + juce::String(view.capture.lost) +
           " samples of the recording are lost.";
  if (text.isEmpty() && view.bounce_waits)
    text = "The bounce waits for a take that is being rendered.";
  const bool find = !view.missing.empty() && view.message.isEmpty();
  if (text != message_.text() || find != locate_.isVisible()) {
    message_.set(text, trouble ? colours::trouble : colours::quiet_text);
    message_.setTooltip(text);
    message_.setVisible(text.isNotEmpty());
    locate_.setVisible(find);
    lay_out();
  }
}

void PluginEditor::show_card(std::unique_ptr<Card> card) {
  picker_ = nullptr;
  disk_shown_ = false;
  card_ = std::move(card);
  if (card_ == nullptr)
    return grabKeyboardFocus();
  content_.addAndMakeVisible(*card_);
  card_->setBounds(content_.getLocalBounds());
  card_->on_close = [this] { show_card(nullptr); };
  card_->grabKeyboardFocus();
}

// The window grows and shrinks with it, or what is in it has more or less room.
void PluginEditor::set_scale(float scale, bool resize) {
  const auto before = content_.getLocalBounds();
  scale_ = juce::jlimit(1.0f, 2.0f, scale);
  content_.setTransform(juce::AffineTransform::scale(scale_));
  const auto scaled = [this](int length) {
    return juce::roundToInt(scale_ * static_cast<float>(length));
  };
  setResizeLimits(scaled(kLeastWidth), scaled(kLeastHeight), scaled(kMostWidth),
                  scaled(kMostHeight));
  setSize(std::max(scaled(kLeastWidth), resize ? scaled(before.getWidth()) : getWidth()),
          std::max(scaled(kLeastHeight), resize ? scaled(before.getHeight()) : getHeight()));
  resized();
}

void PluginEditor::paint(juce::Graphics& graphics) {
  graphics.fillAll(colours::background);
}

void PluginEditor::resized() {
  content_.setBounds(0, 0, juce::roundToInt(static_cast<float>(getWidth()) / scale_),
                     juce::roundToInt(static_cast<float>(getHeight()) / scale_));
  lay_out();
  sized_ = true;
  processor_.set_editor_size({getWidth(), getHeight(), scale_});
}

void PluginEditor::lay_out() {
  auto bounds = content_.getLocalBounds().reduced(kMargin);
  if (card_ != nullptr)
    card_->setBounds(content_.getLocalBounds());
  connection_.setBounds(bounds.removeFromTop(connection_.height(bounds.getWidth())));
  auto top = connection_.getBounds().withHeight(ConnectionBar::kRow);
  for (auto* button : {&menu_, &redo_, &undo_}) {
    button->setBounds(top.removeFromRight(IconButton::kWidth));
    top.removeFromRight(4);
  }
  bounds.removeFromTop(8);
  settings_.setBounds(bounds.removeFromTop(settings_.height()));
  bounds.removeFromTop(12);
  actions_.setBounds(bounds.removeFromTop(actions_.height(bounds.getWidth())));
  bounds.removeFromTop(10);
  timeline_.setBounds(bounds.removeFromTop(std::max(130, bounds.getHeight() / 2)));
  bounds.removeFromTop(8);
  if (message_.isVisible()) {
    const int find = locate_.isVisible() ? 118 : 0;
    auto line = bounds.removeFromTop(std::max(28, message_.height(bounds.getWidth() - find)));
    locate_.setBounds(line.removeFromRight(find).withTrimmedLeft(8).withHeight(28));
    message_.setBounds(line);
    bounds.removeFromTop(6);
  }
  takes_.setBounds(bounds);
}

} // namespace umtn::plugin
