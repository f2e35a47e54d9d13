"""What Slack needs to know of the app."""

import typer

from bot.slack.manifest import manifest as app_manifest
from cli.output import show_json

app = typer.Typer(help="Set up the Slack app.", no_args_is_help=True)


@app.command()
def manifest() -> None:
    """Print the app manifest: paste it where Slack asks for one."""
    show_json(app_manifest())
