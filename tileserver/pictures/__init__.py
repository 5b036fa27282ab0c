# SPDX-License-Identifier: Apache-2.0
"""What every route that answers with a picture shares: parameters, geometry, drawing, the answer.

Between the routes and the services: parameters become values here, values become pictures in
`tileserver.services.render`, pictures become answers here.
"""
