"""Pages of figures: the dashboard, the clients behind it, the sales report."""

from app.insights.screens.dashboard import SalesDashboard
from app.insights.screens.report import SalesReport

ALL = [SalesDashboard, SalesReport]
