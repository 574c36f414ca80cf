"""Every feature of the playground has a test in a real browser, and here is which.

The rows are those of the feature table that the playground was built after: what TensorFlow
Playground has, what its users asked for, and what no such tool had.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

BROWSER = Path(__file__).parents[1] / "browser"

ROWS = {
    # What TensorFlow Playground has.
    "data of two classes and of regression": "problems::test_regression",
    "inputs, switchable one by one": "problems::test_inputs_are_switched_one_by_one",
    "layers and units, on the diagram itself": (
        "diagram::test_layers_and_units_are_added_and_removed_on_the_diagram"
    ),
    "activation, rate, L1, L2, batch size": "settings::test_it_acts_in_mid_run",
    "a picture of every unit": "diagram::test_hovering_a_unit_shows_its_field_large",
    "a link's weight, live": "diagram::test_hovering_a_link_shows_its_weight_live",
    "weights and biases edited by hand": "diagram::test_weights_and_biases_are_edited_by_hand",
    "play and pause": "transport::test_playing_moves_every_view_and_pausing_stops_all",
    "one step, one epoch": "transport::test_step_is_one_update_and_epoch_one_epoch",
    "reset": "transport::test_reset_gives_the_first_picture_again_and_undo_the_run",
    "slow motion": "slow_motion::test_slow_motion_names_its_stages_with_the_numbers_of_the_sample",
    "losses, numbers and curves": "truth::test_it_is_the_run_that_python_makes",
    "show test points": "training::test_show_test_points",
    "discretise the output": "training::test_discretise_the_output",
    "a log switch": "settings::test_the_loss_axis_may_be_logarithmic",
    "all state in a link": "link::test_a_copied_link_opens_the_same_in_another_tab",
    "hidden controls": "link::test_hidden_and_locked_in_a_link",
    # What its users asked for.
    "own data, drawn": "draw::test_own_data_is_drawn_with_the_mouse",
    "own data, dragged": "draw::test_own_data_is_dragged_with_the_mouse",
    "own data, deleted": "draw::test_own_data_is_deleted_with_the_mouse",
    "own data, pasted": "draw::test_own_data_is_pasted_as_csv_with_five_classes",
    "own data, a file": "draw::test_own_data_is_uploaded_as_csv",
    "more than two classes": (
        "problems::test_three_classes_have_a_colour_a_marker_and_a_picture_each"
    ),
    "a choice of loss and first weights": "settings::test_it_starts_the_run_again_and_says_so",
    "dropout": "layer_settings::test_dropout_per_layer",
    "activation per layer": "layer_settings::test_activation_per_layer",
    "initial weights, seen": "problems::test_constant_weights_never_break_their_symmetry",
    "a new draw of the weights as a separate act": "problems::test_new_weights_leave_the_data",
    "saved runs side by side": "timeline::test_saved_runs_side_by_side",
    "hover the loss curve": "timeline::test_hover_the_loss_curve",
    "stop conditions": "training::test_stop_conditions",
    "accuracy and confusion matrix": "training::test_accuracy_and_confusion_matrix",
    "accuracy over the epochs": "timeline::test_accuracy_over_the_epochs",
    "the cost beside the epochs": "timeline::test_the_cost_beside_the_epochs",
    "sweeps, with what converged": "gallery::test_sweeps_with_what_converged_and_what_did_not",
    "schedules, cyclical": "training::test_schedules_and_cyclical_rates",
    "formula with the numbers plugged in": "slow_motion::test_formula_with_the_numbers_plugged_in",
    "a live tooltip": "live_tooltip::test_a_live_tooltip_says_what_the_network_answers",
    "known-good and known-bad settings": (
        "gallery::test_known_good_and_known_bad_settings_with_a_comment_on_why"
    ),
    "train and test from different distributions": (
        "training::test_train_and_test_from_different_distributions"
    ),
    "save": "export::test_every_file_of_a_run",
    "change the activation without starting over": (
        "layer_settings::test_change_the_activation_without_starting_over"
    ),
    "NaN explained": "divergence::test_it_is_explained_and_can_be_mended",
    # What no tool has.
    "changed while it trains, and marked": "truth::test_it_is_so_after_changes_of_every_kind",
    "scrub back to any epoch and fork": "timeline::test_scrub_back_to_any_epoch_and_fork",
    "thirty replicas beside the run": (
        "replicas::test_thirty_replicas_boundaries_and_the_bias_variance_bars_live_beside_the_run"
    ),
    "a verdict in words": "verdict::test_a_network_that_is_too_large_overfits_few_points",
    "gradients and activations by layer": (
        "verdict::test_large_sigmoid_weights_make_the_gradient_vanish"
    ),
    "what differs between two runs, in words": (
        "timeline::test_what_differs_between_two_runs_is_said_in_words"
    ),
    "the keys": "gallery::test_shortcuts_are_listed_and_work",
    "a program of the run": "export::test_a_program_that_cannot_be_made_is_told",
    "the same in a notebook": "lab::test_a_session",
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_its_test(row: str) -> None:
    module, name = ROWS[row].split("::")
    tree = ast.parse((BROWSER / f"test_{module}.py").read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
